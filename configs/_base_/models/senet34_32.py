# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SE-ResNet-34, the paper's SeNet-34, for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.CifarSEResNet', depth=34),
    head=dict(in_channels=512))
