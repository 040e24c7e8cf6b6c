# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on CIFAR-100-LT at imbalance 100.
_base_ = '../_base_/cifar100_lt.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))
