# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SE-ResNet-50 for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(
    backbone=dict(_delete_=True, type='SEResNet', depth=50),
    head=dict(in_channels=2048))
