# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# Two branches need a network of at least 14 layers.
model = dict(
    type='mmcurv.BBNClassifier',
    backbone=dict(type='mmcurv.DualBranchResNet', depth=14),
    head=dict(type='mmcurv.BBNHead', in_channels=128, init_cfg=None))

default_hooks = dict(
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'))
