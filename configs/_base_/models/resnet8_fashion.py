# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-8, the smallest of its kind, for gray 28 x 28 images.
_base_ = './resnet20_fashion.py'

model = dict(backbone=dict(depth=8))
