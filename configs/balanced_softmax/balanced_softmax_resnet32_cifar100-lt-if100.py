# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced softmax on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt_strong.py',
    '../_base_/schedules/balms_13000it.py',
    '../_base_/default_runtime.py',
]

model = dict(
    head=dict(num_classes=100, loss=dict(type='mmcurv.BalancedSoftmaxLoss')))
train_dataloader = dict(batch_size=512, dataset=dict(imbalance_factor=100))
train_cfg = dict(max_epochs=591)
