# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on Fashion-MNIST-LT at imbalance 100, fed from memory.
_base_ = [
    './ce_resnet32_fashion-lt-in-memory-if100.py', '../_base_/curvature.py'
]
