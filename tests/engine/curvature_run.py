# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs with a FeaturePoolHook that train in a tenth of a second."""
import uuid

import torch
from mmengine.registry import MODELS
from mmengine.runner import Runner
from torch import nn

from tests.engine.toy_run import COUNTS, CornerClassifier, train_parts

LAYER = 'head.fc'


@MODELS.register_module()
class CurvedClassifier(CornerClassifier):
    """A backbone of one layer, whose output is the feature, (B, 4)."""

    def __init__(self, num_classes=len(COUNTS)):
        super().__init__(num_classes)
        self.backbone = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(list(inputs)).to(self.head.fc.weight)
        features = self.backbone(inputs)
        return super().forward(features, data_samples, mode)


def pool_hook(**options):
    """Config of a hook with the weak term, since these runs are so short."""
    config = dict(
        type='mmcurv.FeaturePoolHook',
        layer=LAYER,
        start_epoch=2,
        live='batch',
        curvature=dict(k=6),
        loss=dict(tau=1e12))
    return dict(config, **options)


def points(type='CornerPoints', **options):
    return dict(type=type, **options)


def build(work_dir,
          *hooks,
          model='CurvedClassifier',
          dataset=None,
          max_epochs=3,
          train_cfg=None,
          **config):
    """A Runner over 165 points in batches of 16, 11 steps in an epoch."""
    parts = train_parts(max_epochs=max_epochs, **(train_cfg or {}))
    parts['train_dataloader']['dataset'] = dataset or points()
    parts['optim_wrapper'] = dict(optimizer=dict(type='SGD', lr=0.1))
    parts.update(config)
    if isinstance(model, str):
        model = dict(type=model)
    return Runner(
        model=model,
        work_dir=str(work_dir),
        custom_hooks=list(hooks),
        randomness=dict(seed=7),
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex,
        **parts)


def hook_of(runner):
    return next(
        hook for hook in runner.hooks
        if type(hook).__name__ == 'FeaturePoolHook')


def step_of(runner):
    """The step of the only layer."""
    step, = hook_of(runner).steps.values()
    return step


def pool_of(runner):
    return step_of(runner).curvature.pool


def scalars(runner, name):
    """Logged values of ``train/<name>``, one per step."""
    return list(runner.message_hub.get_scalar(f'train/{name}').data[0])
