# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 4 and 6 with BN-Inception on CIFAR-100.
_base_ = [
    '../_base_/models/bn_inception_32.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/geometry_200e.py',
    '../_base_/geometry_runtime.py',
]
