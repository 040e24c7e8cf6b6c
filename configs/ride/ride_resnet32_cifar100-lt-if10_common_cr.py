# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on CIFAR-100-LT at imbalance 10, common recipe.
_base_ = [
    './ride_resnet32_cifar100-lt-if10_common.py',
    '../_base_/curvature_4experts.py',
]
