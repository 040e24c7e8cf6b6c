# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How long a training is, stage by stage."""
from typing import List, Optional

from mmengine.config import Config

from .stage_config import stage_config
from .stage_list import read_stages
from .stage_progress import FOLDER, StageEpochs


def stage_epochs(cfg: Config) -> List[StageEpochs]:
    """The stages of a training.

    Args:
        cfg (Config): With ``stages`` or without.

    Returns:
        list[StageEpochs]: In the order of training; one for a config without
        stages.

    Raises:
        UsageError: If the stages do not make sense.
    """
    stages = read_stages(cfg)
    if not stages:
        return [StageEpochs('', _max_epochs(cfg))]
    last = len(stages) - 1
    return [
        StageEpochs('' if i == last else FOLDER + stage.name,
                    _max_epochs(stage_config(cfg, i)))
        for i, stage in enumerate(stages)
    ]


def _max_epochs(cfg: Config) -> Optional[int]:
    loop = cfg.get('train_cfg') or {}
    if loop.get('type') == 'mmcurv.EvaluationLoop':
        return 0
    return loop.get('max_epochs')
