# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config of the model that a training ends with."""
from typing import Optional, Sequence

from mmengine.config import Config

from mmcurv.engine.launch import load_config
from .stage_config import stage_config
from .stage_list import read_stages


def final_config(cfg: Config) -> Config:
    """The config of the last stage, or of a training without stages.

    Args:
        cfg (Config): Of the whole training; stays as it is.

    Returns:
        Config: Without ``stages``.
    """
    stages = read_stages(cfg)
    return stage_config(cfg, len(stages) - 1) if stages else cfg


def load_final_config(path: str,
                      options: dict,
                      work_dir: Optional[str] = None,
                      with_files: Sequence[str] = (),
                      cr: bool = False) -> Config:
    """Read a config for the use of a trained model.

    Args:
        path (str): Path of the config.
        options (dict): Values by dotted key. They have the last word, also
            over what the last stage changes.
        work_dir (str, optional): This and the rest as
            :func:`~mmcurv.engine.launch.load_config` takes it. Defaults to
            None.
        with_files (Sequence[str]): Further configs. Defaults to ().
        cr (bool): With Curvature Regularization. Defaults to False.

    Returns:
        Config: Without ``stages``.

    Raises:
        UsageError: If there is no such file or an option has no place.
    """
    cfg = load_config(path, options, work_dir, with_files, cr)
    if not read_stages(cfg):
        return cfg
    final = final_config(cfg)
    final.merge_from_dict({
        key: value
        for key, value in options.items() if key.split('.')[0] != 'stages'
    })
    return final
