# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MobileNetV2 of its usual width for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(
    backbone=dict(_delete_=True, type='MobileNetV2', widen_factor=1.0),
    head=dict(in_channels=1280))
