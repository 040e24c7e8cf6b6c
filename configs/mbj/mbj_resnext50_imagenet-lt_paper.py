# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.MBJHead',
        num_classes=1000,
        memory_size=2048,
        rho=1.,
        memory_weight=1.,
        start_epoch=101))

default_hooks = dict(model_epoch=dict(type='mmcurv.ModelEpochHook'))
