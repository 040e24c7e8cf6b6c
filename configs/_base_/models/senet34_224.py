# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SE-ResNet-34, the paper's SeNet-34, for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.SEResNet', depth=34),
    head=dict(in_channels=512))
