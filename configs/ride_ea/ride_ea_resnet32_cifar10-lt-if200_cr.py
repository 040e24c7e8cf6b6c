# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment and CR on CIFAR-10-LT at imbalance 200, own
# recipe.
_base_ = [
    './ride_ea_resnet32_cifar10-lt-if200.py',
    '../_base_/curvature_4experts.py',
]
