# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs of BBN on small images that are never twice the same."""
import numpy as np
import torch
from mmengine.registry import DATASETS

from tests.engine.image_run import NoiseImages, build

COUNTS = (24, 12, 6)
BATCH = 8


@DATASETS.register_module()
class JitteredNoise(NoiseImages):
    """Images that NumPy's and torch's generators change each time."""

    def prepare_data(self, idx):
        data = super().prepare_data(idx)
        inputs = np.random.rand() * data['inputs']
        return dict(data, inputs=inputs + 0.1 * torch.randn(3, 1, 1))


def bbn_model(**head):
    return dict(
        type='mmcurv.BBNClassifier',
        backbone=dict(
            type='mmcurv.DualBranchResNet', depth=14, base_channels=4),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            dict(type='mmcurv.BBNHead', num_classes=3, in_channels=32),
            **head))


def bbn_run(work_dir,
            max_epochs=3,
            num_workers=0,
            hooks=(),
            loader=None,
            **options):
    """A Runner, 5 steps in an epoch, CR in the last epoch."""
    defaults = dict(
        model=bbn_model(),
        layer=None,
        max_epochs=max_epochs,
        train_dataloader=dict(
            dict(
                batch_size=BATCH,
                num_workers=num_workers,
                drop_last=True,
                collate_fn=dict(type='default_collate'),
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(type='JitteredNoise', counts=COUNTS)),
            **(loader or {})),
        hooks=[
            dict(type='mmcurv.ClassCountsHook'),
            dict(type='mmcurv.SecondBatchHook'), *hooks
        ],
        hook=dict(start_epoch=max_epochs))
    return build(work_dir, **dict(defaults, **options))
