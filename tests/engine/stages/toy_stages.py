# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A training of two stages that takes half a second."""
import copy
import uuid

import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from torch import nn

from mmcurv.engine.stages.run import plan_run, run_stages
from tests.engine.toy_run import (COUNTS, CornerClassifier, loader,
                                  train_parts, val_parts)


@MODELS.register_module()
class NormedCorners(CornerClassifier):
    """A backbone with batch norm and drop-out, (B, 4) features."""

    def __init__(self, num_classes=len(COUNTS), width=4):
        super().__init__(num_classes)
        self.backbone = nn.Sequential(
            nn.Linear(4, width), nn.BatchNorm1d(width), nn.Tanh(),
            nn.Dropout(0.1))
        self.head.fc = nn.Linear(width, num_classes)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(list(inputs)).to(self.head.fc.weight)
        return super().forward(self.backbone(inputs), data_samples, mode)


CURVATURE = dict(
    type='mmcurv.FeaturePoolHook',
    layer='head.fc',
    start_epoch=2,
    live='batch',
    curvature=dict(k=6))
CLASSIFIER = dict(
    name='classifier',
    weights='features',
    freeze=['backbone'],
    reset=['head.fc'],
    changes={
        'train_dataloader.sampler':
        dict(_delete_=True, type='mmcurv.ClassAwareSampler'),
        'optim_wrapper.optimizer.lr':
        0.1,
        'train_cfg.max_epochs':
        3
    })


def classifier(**options):
    """The second stage, which differs by options."""
    return dict(copy.deepcopy(CLASSIFIER), **options)


def staged(work_dir, *stages, regularize=False, hooks=(), **changes):
    """Config of two stages of 2 and 3 epochs, 11 steps in each."""
    entries = dict(
        model=dict(type='NormedCorners'),
        **train_parts(max_epochs=2),
        **val_parts(),
        custom_hooks=[*([CURVATURE] if regularize else []), *hooks],
        default_hooks=dict(
            class_counts=dict(type='mmcurv.ClassCountsHook'),
            random_state=dict(type='mmcurv.RandomStateHook'),
            geometry=dict(
                type='mmcurv.GeometryMonitorHook',
                interval=None,
                dataloader=loader(),
                curvature=dict(k=4)),
            run_record=dict(type='mmcurv.RunRecordHook')),
        randomness=dict(seed=7),
        work_dir=str(work_dir),
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex,
        stages=list(stages)
        or [dict(name='features'), classifier()])
    entries['optim_wrapper']['optimizer']['momentum'] = 0.9
    cfg = Config(entries)
    cfg.merge_from_dict(changes)
    return cfg


def train(cfg, resume=None):
    run_stages(cfg, plan_run(cfg, resume))


def weights(path):
    """Weights of a checkpoint by name."""
    return torch.load(path, weights_only=True)['state_dict']
