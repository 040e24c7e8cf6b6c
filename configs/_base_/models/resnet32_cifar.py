# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-32 of the long-tailed literature; each config sets num_classes.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='mmcurv.CifarResNet', depth=32),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=64,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear')))
