# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on CIFAR-100-LT at imbalance 100.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
    '../_base_/stages/ofa_64e.py',
]

model = dict(
    type='mmcurv.OFAClassifier',
    augment=False,
    num_fused=3,
    num_confusing=3,
    head=dict(num_classes=100))
train_dataloader = dict(dataset=dict(imbalance_factor=100))
