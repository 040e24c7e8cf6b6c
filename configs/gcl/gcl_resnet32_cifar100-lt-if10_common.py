# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, stage 1 on CIFAR-100-LT at imbalance 10, common recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=100,
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))
train_dataloader = dict(dataset=dict(imbalance_factor=10))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))
