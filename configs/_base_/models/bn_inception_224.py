# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BN-Inception for images of about 224 x 224.
_base_ = './resnet18_224.py'

model = dict(
    backbone=dict(_delete_=True, type='mmcurv.BNInception'),
    head=dict(in_channels=1024))
