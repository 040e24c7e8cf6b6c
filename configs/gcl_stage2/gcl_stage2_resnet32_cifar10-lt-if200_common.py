# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on CIFAR-10-LT at imbalance 200, common recipe.
_base_ = [
    '../gcl/gcl_resnet32_cifar10-lt-if200_common.py',
    '../_base_/stages/gcl_30e.py',
]
