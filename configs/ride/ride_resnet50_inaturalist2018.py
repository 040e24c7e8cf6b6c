# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/multi_expert_resnet50.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/ride_100e.py',
    '../_base_/large_runtime.py',
]

data_preprocessor = dict(
    # These its code has for iNaturalist.
    mean=[118.83, 120.105, 96.9],
    std=[49.725, 49.47, 48.96])

model = dict(
    head=dict(
        num_classes=8142,
        loss=dict(temperature_share=0.015, temperature_start=81)))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=81),
    geometry=dict(layer='head.all_features'))

optim_wrapper = dict(optimizer=dict(lr=0.2))

auto_scale_lr = dict(base_batch_size=512)
