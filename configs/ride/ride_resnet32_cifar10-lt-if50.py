# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on CIFAR-10-LT at imbalance 50, own recipe.
_base_ = [
    '../_base_/models/multi_expert_resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/ride_200e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(dataset=dict(imbalance_factor=50))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161),
    geometry=dict(layer='head.all_features'))
