# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment on CIFAR-100-LT at imbalance 200, own recipe.
_base_ = [
    '../ride/ride_resnet32_cifar100-lt-if200.py',
    '../_base_/stages/ride_ea_5e.py',
]
