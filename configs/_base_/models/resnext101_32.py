# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNeXt-101 (32x4d) for images of about 32 x 32, "--with" this file.
# ResNeXt-50 has model.backbone.depth=50.
network_size = 32

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmcurv.CifarResNeXt',
        depth=101,
        groups=32,
        width_per_group=4),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=2048))
