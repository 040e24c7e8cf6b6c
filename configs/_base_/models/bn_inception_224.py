# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BN-Inception for images of about 224 x 224, "--with" this file.
network_size = 224

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.BNInception'),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=1024))
