# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Class-balanced focal loss on CIFAR-100-LT at imbalance 200.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(
        num_classes=100,
        loss=dict(
            type='mmcurv.ClassBalancedLoss',
            carrier='focal',
            beta=0.9999,
            gamma=1.),
        init_cfg=dict(
            _delete_=True,
            type='Kaiming',
            layer='Linear',
            mode='fan_in',
            bias_prob=1 / 100)))
train_dataloader = dict(dataset=dict(imbalance_factor=200))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.fc.bias': dict(decay_mult=0.)}))
