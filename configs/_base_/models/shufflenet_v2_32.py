# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ShuffleNetV2 for images of about 32 x 32, "--with" this file.
network_size = 32

model = dict(
    backbone=dict(
        _delete_=True, type='mmcurv.CifarShuffleNetV2', widen_factor=1.0),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=1024))
