# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on CIFAR-100-LT at imbalance 50, own recipe.
_base_ = [
    '../_base_/models/dual_branch_resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt.py',
    '../_base_/schedules/bbn_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmcurv.BBNClassifier',
    head=dict(type='mmcurv.BBNHead', num_classes=100, init_cfg=None))
train_dataloader = dict(drop_last=True, dataset=dict(imbalance_factor=50))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'),
    geometry=dict(layer='head.conventional'))
