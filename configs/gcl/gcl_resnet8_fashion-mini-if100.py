# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, stage 1, on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))
