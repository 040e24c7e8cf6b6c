# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on CIFAR-10-LT at imbalance 50, own recipe.
_base_ = [
    './ride_cmo_resnet32_cifar10-lt-if50.py',
    '../_base_/curvature_3experts.py',
]
