# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with three experts and CR on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    './ride_resnet32-3experts_cifar100-lt-if100.py',
    '../_base_/curvature_3experts.py',
]
