# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-18 for images of about 224 x 224.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=512,
        num_classes=1000,
        loss=dict(type='CrossEntropyLoss')))
