# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNeXt-101 (32x4d) for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmcurv.CifarResNeXt',
        depth=101,
        groups=32,
        width_per_group=4),
    head=dict(in_channels=2048))
