# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on CIFAR-10-LT at imbalance 10, common recipe.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar10_lt_two_views.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=1024,
    feature_dim=32,
    momentum=0.999,
    head=dict(
        num_classes=10,
        loss=dict(type='mmcurv.PaCoLoss', alpha=0.01, temperature=0.05)))
train_dataloader = dict(drop_last=True, dataset=dict(imbalance_factor=10))

default_hooks = dict(key_queue=dict(type='mmcurv.KeyQueueHook'))
