# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ShuffleNetV2 of its usual width for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmcurv.CifarShuffleNetV2', widen_factor=1.0),
    head=dict(in_channels=1024))
