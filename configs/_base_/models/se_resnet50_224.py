# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SE-ResNet-50 for images of about 224 x 224, "--with" this file.
# SE-ResNet-34, the paper's SeNet-34, has model.backbone.type=mmcurv.SEResNet,
# model.backbone.depth=34 and model.head.in_channels=512.
network_size = 224

model = dict(
    backbone=dict(_delete_=True, type='SEResNet', depth=50),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=2048))
