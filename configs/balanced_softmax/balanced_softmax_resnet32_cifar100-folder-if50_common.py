# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced softmax on class folders of CIFAR-100 at imbalance 50, common
# recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_folder.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(num_classes=100, loss=dict(type='mmcurv.BalancedSoftmaxLoss')))
train_dataloader = dict(dataset=dict(imbalance_factor=50))
