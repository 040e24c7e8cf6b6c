# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From the config of a whole training to that of one of its stages."""
import os.path as osp
from typing import Any, Dict, Optional

from mmengine.config import Config

from mmcurv.engine.config_options import UsageError, check_options
from mmcurv.engine.schedule_lengths import scaled_stage
from .stage_list import PLACEHOLDER, Stage, read_stages
from .stage_progress import FOLDER

# mmengine knows these without a config, and None switches them off.
MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger',
                  'param_scheduler', 'checkpoint')


def stage_config(cfg: Config,
                 index: int,
                 checkpoints: Optional[Dict[str, str]] = None) -> Config:
    """The config that a stage is trained with.

    Args:
        cfg (Config): Of the whole training, with ``stages``; stays as it is.
        index (int): Of the stage.
        checkpoints (dict[str, str], optional): Last checkpoint of each
            earlier stage that this one needs, by the stage's name. Defaults
            to None, for a model that is not trained: then nothing is loaded,
            and texts with the name of a stage stay.

    Returns:
        Config: Without ``stages``.

    Raises:
        UsageError: If the stages do not make sense, or a change has no place.
    """
    stages = read_stages(cfg)
    stage, last = stages[index], index == len(stages) - 1
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    stage = Stage(**scaled_stage(stage._asdict(), epochs))
    entries = cfg.to_dict()
    del entries['stages']
    own = Config(
        entries, cfg_text=cfg.text or None, filename=cfg.filename or None)
    for key, value in stage.changes.items():
        change = {key: _filled(value, checkpoints)}
        check_options(own, change, f'stages.{index}.changes')
        own.merge_from_dict(change)  # one by one: later ones are on top
    _drop_hooks(own)
    if not (index == 0 if stage.cr is None else stage.cr):
        _drop_curvature(own)
    if own.get('train_cfg') is None:
        _only_evaluate(own, f'stages.{index}')
    if checkpoints is not None:
        _start_from(own, stage, checkpoints)
    own.work_dir = stage_folder(cfg.get('work_dir') or '.', stage.name, last)
    stem = osp.splitext(osp.basename(cfg.filename or 'run'))[0]
    own.experiment_name = f"{cfg.get('experiment_name') or stem}_{stage.name}"
    return own


def stage_folder(work_dir: str, name: str, is_last: bool) -> str:
    """Where a stage works; the last one in the folder of the whole training.

    Args:
        work_dir (str): Work folder of the whole training.
        name (str): Of the stage.
        is_last (bool): Whether no other stage comes after it.

    Returns:
        str: Path of its folder.
    """
    return work_dir if is_last else osp.join(work_dir, FOLDER + name)


def _filled(value: Any, checkpoints: Optional[Dict[str, str]]) -> Any:
    """A copy, with paths in the place of the names of stages."""
    if isinstance(value, dict):
        return {key: _filled(one, checkpoints) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(one, checkpoints) for one in value]
    if isinstance(value, str) and checkpoints is not None:
        return PLACEHOLDER.sub(lambda match: checkpoints[match[1]], value)
    return value


def _drop_hooks(own: Config) -> None:
    hooks = own.get('default_hooks') or {}
    for name in [name for name, hook in hooks.items() if hook is None]:
        if name not in MMENGINE_HOOKS:  # which mmengine does not bear
            del hooks[name]


def _drop_curvature(own: Config) -> None:
    if own.get('custom_hooks'):
        own.custom_hooks = [
            hook for hook in own.custom_hooks if not is_curvature(hook)
        ]


def is_curvature(hook: Any) -> bool:
    """Whether the config of a hook is that of Curvature Regularization.

    Args:
        hook (dict): Config of a hook.

    Returns:
        bool: Whether its type is FeaturePoolHook.
    """
    return str(hook.get('type')).rpartition('.')[2] == 'FeaturePoolHook'


def _only_evaluate(own: Config, place: str) -> None:
    for key in ('train_dataloader', 'optim_wrapper', 'val_dataloader'):
        if own.get(key) is None:
            raise UsageError(
                f'{place}: a stage with train_cfg=None evaluates only, and '
                f'keeps {key}, which is None; leave {key} as it is')
    own.train_cfg = dict(type='mmcurv.EvaluationLoop')
    own.pop('param_scheduler', None)


def _start_from(own: Config, stage: Stage, checkpoints: Dict[str,
                                                             str]) -> None:
    own.resume, own.load_from = False, None
    hooks: Dict[str, Any] = {}
    if stage.weights is not None:
        own.load_from = checkpoints[stage.weights]
        hooks['stage_weights'] = dict(
            type='mmcurv.StageWeightsHook',
            reset=list(stage.reset),
            frozen=list(stage.freeze))
    if stage.freeze:
        hooks['stage_freeze'] = dict(
            type='mmcurv.FreezeHook',
            modules=list(stage.freeze),
            norm=stage.norm)
    own.merge_from_dict(dict(default_hooks=hooks))
