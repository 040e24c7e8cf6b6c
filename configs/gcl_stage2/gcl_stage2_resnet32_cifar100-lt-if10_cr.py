# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, with CR on CIFAR-100-LT at imbalance 10, own recipe.
_base_ = [
    './gcl_stage2_resnet32_cifar100-lt-if10.py',
    '../_base_/curvature_mixed.py',
]
