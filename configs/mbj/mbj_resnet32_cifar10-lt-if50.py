# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on CIFAR-10-LT at imbalance 50.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        type='mmcurv.MBJHead',
        num_classes=10,
        memory_size=1024,
        rho=1.,
        memory_weight=1.,
        start_epoch=101))
train_dataloader = dict(dataset=dict(imbalance_factor=50))

default_hooks = dict(model_epoch=dict(type='mmcurv.ModelEpochHook'))
