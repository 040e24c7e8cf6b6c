# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on CIFAR-100-LT at imbalance 100, fed from memory.
_base_ = [
    '../_base_/models/resnet32_cifar.py',
    '../_base_/datasets/cifar100_lt_in_memory.py',
    '../_base_/schedules/cifar_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=100))
