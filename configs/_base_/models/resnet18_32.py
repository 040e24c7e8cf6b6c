# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-18 for images of about 32 x 32: 3 x 3 stem, no pooling after it.
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=512,
        num_classes=100,
        loss=dict(type='CrossEntropyLoss')))
