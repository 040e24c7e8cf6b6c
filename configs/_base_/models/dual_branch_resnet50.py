# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-50 of the BBN code: its last block exists twice, side by side.
# Each config sets num_classes.
_base_ = './resnet50_224.py'

model = dict(
    backbone=dict(type='mmcurv.DualBranchImageNetResNet'),
    head=dict(in_channels=4096))
