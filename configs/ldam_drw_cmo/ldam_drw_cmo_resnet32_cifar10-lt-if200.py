# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW with CMO on CIFAR-10-LT at imbalance 200.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=10,
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))
train_dataloader = dict(dataset=dict(imbalance_factor=200))

default_hooks = dict(
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161),
    cmo=dict(type='mmcurv.CMOHook'))
