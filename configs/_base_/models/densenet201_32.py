# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DenseNet-201 for images of about 32 x 32, "--with" this file.
network_size = 32

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.CifarDenseNet', arch='201'),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=1920))
