# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss on CIFAR-100-LT at imbalance 10.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        num_classes=100, loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=1.)))
train_dataloader = dict(dataset=dict(imbalance_factor=10))
