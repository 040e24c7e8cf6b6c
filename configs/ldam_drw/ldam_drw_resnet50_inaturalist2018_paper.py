# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=8142,
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))

default_hooks = dict(
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161))

auto_scale_lr = dict(base_batch_size=512)
