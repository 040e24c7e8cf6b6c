# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether all stages of a training can be trained, before the first one is.
"""
import copy

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.find_modules import find_modules
from mmcurv.registry import MODELS
from .stage_config import stage_config
from .stage_list import Stage, read_stages

SAVES = 'default_hooks.checkpoint'


def check_stages(cfg: Config) -> None:
    """Build the model of every stage, and find what it freezes and resets.

    Args:
        cfg (Config): Of the whole training.

    Raises:
        UsageError: If a stage cannot be trained; the message says why.
    """
    stages = read_stages(cfg)
    for i, stage in enumerate(stages):
        own, place = stage_config(cfg, i), f'stages.{i} ({stage.name})'
        hooks = own.get('default_hooks') or {}
        record = (hooks.get('run_record') or {}).get('type', '')
        if record.rpartition('.')[2] != 'RunRecordHook':
            raise UsageError(
                f'{place}: expected default_hooks.run_record of type '
                "'mmcurv.RunRecordHook', whose record says that a stage has "
                f'ended, got {record or None!r}')
        if i < len(stages) - 1 and hooks.get('checkpoint', {}) is None:
            raise UsageError(f'{place}: {SAVES} is None, so nothing is left '
                             'for later stages to start from; remove that')
        _check_model(own, stage, place)


def _check_model(own: Config, stage: Stage, place: str) -> None:
    model = _build(own, place)
    for key in ('freeze', 'reset'):
        try:
            find_modules(model, getattr(stage, key), f'{place}.{key}')
        except ValueError as error:
            raise UsageError(str(error)) from None


def _build(own: Config, place: str) -> nn.Module:
    config = copy.deepcopy(own.model.to_dict())
    if own.get('data_preprocessor') is not None:
        config.setdefault('data_preprocessor', own.data_preprocessor.to_dict())
    scope = own.get('default_scope') or 'mmengine'
    try:
        with DefaultScope.overwrite_default_scope(scope), \
                torch.random.fork_rng(devices=[]):
            return MODELS.build(config)
    except Exception as error:  # any code of a model may stand behind it
        raise UsageError(f'{place}: its model cannot be built: '
                         f'{type(error).__name__}: {error}') from error
