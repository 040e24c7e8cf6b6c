# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on ImageNet-LT, in a survey's recipe; LDAM's own code has none.
_base_ = '../_base_/imagenet_lt.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))

# x 0.1 at epoch 120 and x 0.01 at epoch 160.
param_scheduler = [
    # 0.2, 0.4, 0.6, 0.8, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[120, 160], gamma=0.1),
]
