# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE on CIFAR-10-LT at imbalance 50, own recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/bag_of_tricks_200e.py',
    '../_base_/default_runtime.py',
    '../_base_/stages/dive.py',
]

model = dict(
    type='mmcurv.DiVEClassifier',
    teacher=None,
    alpha=0.5,
    temperature=2.,
    power=0.5,
    head=dict(num_classes=10, loss=dict(type='mmcurv.BalancedSoftmaxLoss')))
train_dataloader = dict(dataset=dict(imbalance_factor=50))
