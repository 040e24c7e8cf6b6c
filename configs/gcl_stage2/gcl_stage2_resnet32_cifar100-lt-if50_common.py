# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on CIFAR-100-LT at imbalance 50, common recipe.
_base_ = [
    '../gcl/gcl_resnet32_cifar100-lt-if50_common.py',
    '../_base_/stages/gcl_30e.py',
]
