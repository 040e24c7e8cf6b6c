# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on CIFAR-100-LT at imbalance 100, fed from memory.
_base_ = [
    './ce_resnet32_cifar100-lt-in-memory-if100.py', '../_base_/curvature.py'
]
