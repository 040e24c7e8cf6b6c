# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on CIFAR-100-LT at imbalance 10, common recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
    '../_base_/stages/mislas_10e.py',
]

model = dict(head=dict(type='mmcurv.PairedLinearHead', num_classes=100))
train_dataloader = dict(dataset=dict(imbalance_factor=10))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

stages = _base_.stages
stages[1]['norm'] = 'train'
stages[1]['changes']['model']['head']['loss'].update(head=0.2, tail=0.0)
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.1)})
