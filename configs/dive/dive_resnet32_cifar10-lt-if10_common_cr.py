# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE with CR on CIFAR-10-LT at imbalance 10, common recipe.
_base_ = [
    './dive_resnet32_cifar10-lt-if10_common.py',
    '../_base_/curvature.py',
]
