# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../gcl/gcl_resnet32_cifar100-lt-if100.py', '../_base_/stages/gcl.py'
]
