# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS with CR on CIFAR-10-LT at imbalance 200, own recipe.
_base_ = [
    './mislas_resnet32_cifar10-lt-if200.py',
    '../_base_/curvature_mixed.py',
]
