# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN with CR on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    './bbn_resnet32_cifar100-lt-if100.py',
    '../_base_/curvature_conventional.py',
]
