# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BN-Inception for images of about 32 x 32.
_base_ = './resnet18_32.py'

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.CifarBNInception'),
    head=dict(in_channels=1024))
