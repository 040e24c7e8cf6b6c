# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on CIFAR-100-LT at imbalance 200, common recipe.
_base_ = [
    './ride_cmo_resnet32_cifar100-lt-if200_common.py',
    '../_base_/curvature_3experts.py',
]
