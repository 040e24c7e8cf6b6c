# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/multi_expert_resnext50.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/ride_100e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        num_classes=1000,
        loss=dict(temperature_share=0.02, temperature_start=81)))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=81),
    geometry=dict(layer='head.all_features'))
