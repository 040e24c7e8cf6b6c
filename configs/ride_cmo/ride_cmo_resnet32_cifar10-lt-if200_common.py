# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO on CIFAR-10-LT at imbalance 200, common recipe.
_base_ = [
    '../_base_/models/multi_expert_resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(num_experts=3), head=dict(num_experts=3))
train_dataloader = dict(dataset=dict(imbalance_factor=200))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161),
    cmo=dict(type='mmcurv.CMOHook'),
    geometry=dict(layer='head.all_features'))
