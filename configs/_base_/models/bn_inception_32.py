# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BN-Inception for images of about 32 x 32, "--with" this file.
network_size = 32

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.CifarBNInception'),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=1024))
