# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment and CR on CIFAR-100-LT at imbalance 50, own
# recipe.
_base_ = [
    './ride_ea_resnet32_cifar100-lt-if50.py',
    '../_base_/curvature_4experts.py',
]
