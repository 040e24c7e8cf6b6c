# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs of mmpretrain's own classifiers on small images of noise."""
import uuid

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules

import mmcurv.engine.hooks  # noqa: F401
from tests.engine.curvature_run import pool_hook
from tests.engine.step_watch import watch_of

COUNTS = (12, 10, 10)
BATCH = 16
register_all_modules(init_default_scope=False)


@DATASETS.register_module()
class NoiseImages(BaseDataset):
    """Images of ``shape``: noise around one mean image per class."""

    def __init__(self, shape=(3, 32, 32), counts=COUNTS):
        self.shape, self.counts = tuple(shape), counts
        names = [f'class {c}' for c in range(len(counts))]
        super().__init__(metainfo=dict(classes=names), serialize_data=False)

    def load_data_list(self):
        rng = np.random.default_rng(0)
        means = rng.normal(size=(len(self.counts), *self.shape))
        return [
            dict(img=means[c] + rng.normal(size=self.shape), gt_label=c)
            for c, count in enumerate(self.counts) for _ in range(count)
        ]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        sample = DataSample(metainfo=dict(sample_idx=info['sample_idx']))
        sample.set_gt_label(info['gt_label'])
        return dict(inputs=torch.tensor(info['img']), data_samples=sample)


def image_classifier(head=None, **model):
    """A small ImageClassifier; its layer is ``head.fc`` by default."""
    config = dict(
        type='ImageClassifier',
        backbone=dict(
            type='mmcurv.CifarResNet', depth=8, in_channels=3,
            base_channels=4),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            dict(type='LinearClsHead', num_classes=3, in_channels=16),
            **(head or {})))
    return dict(config, **model)


def build(work_dir,
          model=None,
          layer='head.fc',
          hooks=(),
          hook=None,
          dataset=None,
          max_epochs=2,
          **config):
    """A Runner, two steps in an epoch, CR in the last epoch."""
    options = dict(
        model=model or image_classifier(),
        train_dataloader=dict(
            batch_size=BATCH,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(dict(type='NoiseImages'), **(dataset or {}))),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        default_hooks=dict(checkpoint=None),
        custom_hooks=[
            pool_hook(layer=layer, **(hook or {})), *hooks,
            dict(type='StepWatch')
        ],
        default_scope='mmpretrain',
        randomness=dict(seed=3),
        work_dir=str(work_dir),
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex)
    return Runner(**dict(options, **config))


def trained(work_dir, **options):
    """A run that has ended, and its StepWatch."""
    runner = build(work_dir, **options)
    runner.train()
    return runner, watch_of(runner)
