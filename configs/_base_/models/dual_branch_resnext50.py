# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ResNeXt-50 (32x4d) in the way of BBN: its last block exists twice, side by
# side. Each config sets num_classes.
_base_ = './resnext50_224.py'

model = dict(
    backbone=dict(type='mmcurv.DualBranchImageNetResNeXt'),
    head=dict(in_channels=4096))
