# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-20 for gray 28 x 28 images.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='mmcurv.CifarResNet', depth=20, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=64,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear')))
