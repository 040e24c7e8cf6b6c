# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4, 6, 8, 9 and 11 with ResNet-18 on CIFAR-100.
_base_ = [
    '../_base_/models/resnet18_32.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]
