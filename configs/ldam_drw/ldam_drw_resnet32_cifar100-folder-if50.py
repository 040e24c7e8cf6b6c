# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW on class folders of CIFAR-100 at imbalance 50.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_folder.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=100,
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))
train_dataloader = dict(dataset=dict(imbalance_factor=50))

default_hooks = dict(
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=161))
