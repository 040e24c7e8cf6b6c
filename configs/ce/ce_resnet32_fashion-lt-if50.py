# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on Fashion-MNIST-LT at imbalance 50.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/fashion_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(in_channels=1), head=dict(num_classes=10))
train_dataloader = dict(dataset=dict(imbalance_factor=50))
