# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-18 for images of about 32 x 32, "--with" this file.
# The stem is 3 x 3, without pooling after it. ResNet-34 has
# model.backbone.depth=34, ResNet-50 depth=50 and model.head.in_channels=2048.
network_size = 32

model = dict(
    backbone=dict(_delete_=True, type='ResNet_CIFAR', depth=18),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=512))
