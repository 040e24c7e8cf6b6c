# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far the stages of a training are, by the files in their folders."""
import json
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional

from mmengine.config import Config

from mmcurv.engine.checkpoints import latest_checkpoint
from mmcurv.engine.config_options import UsageError
from .stage_config import stage_folder
from .stage_list import read_stages

RECORD = 'stage.json'  # of a stage that has ended and is not the last one


class StageState(NamedTuple):
    """How far a stage is.

    Attributes:
        name (str): Of the stage.
        folder (str): Where it works.
        finished (bool): Whether it has ended. The last stage never has: to
            go on with it after its end writes its record again.
        checkpoint (str, optional): Its last one. Defaults to None.
    """
    name: str
    folder: str
    finished: bool
    checkpoint: Optional[str] = None


def stage_states(cfg: Config) -> List[StageState]:
    """Look into the folders of all stages.

    Args:
        cfg (Config): Of the whole training, with its ``work_dir``.

    Returns:
        list[StageState]: In the order of training.
    """
    stages, states = read_stages(cfg), []
    for i, stage in enumerate(stages):
        is_last = i == len(stages) - 1
        folder = stage_folder(cfg.work_dir, stage.name, is_last)
        finished = not is_last and osp.isfile(osp.join(folder, RECORD))
        states.append(
            StageState(stage.name, folder, finished,
                       latest_checkpoint(folder)))
    return states


def read_stage_record(folder: str) -> Dict[str, Any]:
    """What a stage that has ended left of itself.

    Args:
        folder (str): Where it worked.

    Returns:
        dict: As :class:`~mmcurv.engine.hooks.RunRecordHook` wrote it.

    Raises:
        UsageError: If it cannot be read.
    """
    path = osp.join(folder, RECORD)
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f'{path}: expected the record of a stage that has ended, but '
            f'{error}; remove the file to go on with that stage') from error
