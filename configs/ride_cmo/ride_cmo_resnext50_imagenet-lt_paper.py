# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/multi_expert_resnext50.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    backbone=dict(num_experts=3),
    head=dict(
        num_classes=1000, num_experts=3, loss=dict(temperature_share=0.02)))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161),
    cmo=dict(type='mmcurv.CMOHook'),
    geometry=dict(layer='head.all_features'))
