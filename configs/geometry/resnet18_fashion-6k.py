# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 7 to 11 with a ResNet-18: the CIFAR form (3 x 3 stem, no pooling after
# it) at half the usual width, so 32 to 256 channels.
_base_ = [
    '../_base_/datasets/fashion_6k.py',
    '../_base_/schedules/geometry_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        in_channels=1,
        num_stages=4,
        out_indices=(3, ),
        base_channels=32,
        stem_channels=32),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=256,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss')))

default_hooks = dict(
    geometry=dict(
        type='mmcurv.GeometryMonitorHook', layer='head.fc', at_start=True))
