# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-32 of the long-tailed literature.
network_size = 32

model = dict(
    backbone=dict(type='mmcurv.CifarResNet', depth=32),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(in_channels=64))
