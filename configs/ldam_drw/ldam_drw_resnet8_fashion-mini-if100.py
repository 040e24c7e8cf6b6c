# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))
