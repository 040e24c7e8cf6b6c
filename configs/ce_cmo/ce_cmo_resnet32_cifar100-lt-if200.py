# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CMO on CIFAR-100-LT at imbalance 200.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(type='mmcurv.PairedLinearHead', num_classes=100))
train_dataloader = dict(dataset=dict(imbalance_factor=200))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
