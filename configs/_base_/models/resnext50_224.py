# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNeXt-50 (32x4d) for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNeXt', depth=50, groups=32, width_per_group=4),
    head=dict(in_channels=2048))
