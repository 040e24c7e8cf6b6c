# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on ImageNet-LT, recipe of the paper.
_base_ = '../_base_/imagenet_lt.py'

# The last block of the ResNeXt-50 exists twice, side by side.
model = dict(
    type='mmcurv.BBNClassifier',
    backbone=dict(type='mmcurv.DualBranchImageNetResNeXt'),
    head=dict(type='mmcurv.BBNHead', in_channels=4096, init_cfg=None))

default_hooks = dict(
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'))
