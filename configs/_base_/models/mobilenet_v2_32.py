# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MobileNetV2 for images of about 32 x 32, "--with" this file.
network_size = 32

model = dict(
    backbone=dict(
        _delete_=True, type='mmcurv.CifarMobileNetV2', widen_factor=1.0),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=1280))
