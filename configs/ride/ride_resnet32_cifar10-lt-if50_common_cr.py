# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on CIFAR-10-LT at imbalance 50, common recipe.
_base_ = [
    './ride_resnet32_cifar10-lt-if50_common.py',
    '../_base_/curvature_4experts.py',
]
