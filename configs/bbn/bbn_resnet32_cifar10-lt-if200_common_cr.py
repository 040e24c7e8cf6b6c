# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN with CR on CIFAR-10-LT at imbalance 200, common recipe.
_base_ = [
    './bbn_resnet32_cifar10-lt-if200_common.py',
    '../_base_/curvature_conventional.py',
]
