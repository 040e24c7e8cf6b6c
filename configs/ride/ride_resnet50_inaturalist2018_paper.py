# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/multi_expert_resnet50.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(head=dict(num_classes=8142, loss=dict(temperature_share=0.015)))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161),
    geometry=dict(layer='head.all_features'))

auto_scale_lr = dict(base_batch_size=512)
