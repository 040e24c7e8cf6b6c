# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-50 for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(backbone=dict(depth=50), head=dict(in_channels=2048))
