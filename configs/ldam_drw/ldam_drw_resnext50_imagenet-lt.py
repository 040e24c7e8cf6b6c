# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/steps_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=1000,
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))

default_hooks = dict(
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161))
