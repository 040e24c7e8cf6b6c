# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, with CR on CIFAR-10-LT at imbalance 200, common recipe.
_base_ = [
    './gcl_stage2_resnet32_cifar10-lt-if200_common.py',
    '../_base_/curvature_mixed.py',
]
