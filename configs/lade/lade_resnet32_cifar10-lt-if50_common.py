# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on CIFAR-10-LT at imbalance 50, common recipe.
_base_ = [
    '../_base_/models/dual_branch_resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        num_classes=10, loss=dict(type='mmcurv.LADELoss', alpha=0.1,
                                  lam=0.01)))
train_dataloader = dict(dataset=dict(imbalance_factor=50))
