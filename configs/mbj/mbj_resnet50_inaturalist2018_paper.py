# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.MBJHead',
        num_classes=8142,
        memory_size=4096,
        rho=1.,
        memory_weight=1.,
        start_epoch=101))

default_hooks = dict(model_epoch=dict(type='mmcurv.ModelEpochHook'))

auto_scale_lr = dict(base_batch_size=512)
