# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNet-34 for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(backbone=dict(depth=34))
