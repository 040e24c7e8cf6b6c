# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt_two_views.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=8192,
    feature_dim=128,
    momentum=0.999,
    head=dict(
        num_classes=1000,
        loss=dict(type='mmcurv.PaCoLoss', alpha=0.05, temperature=0.07)))
train_dataloader = dict(drop_last=True)

default_hooks = dict(key_queue=dict(type='mmcurv.KeyQueueHook'))
