# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MobileNetV2 of its usual width for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmcurv.CifarMobileNetV2', widen_factor=1.0),
    head=dict(in_channels=1280))
