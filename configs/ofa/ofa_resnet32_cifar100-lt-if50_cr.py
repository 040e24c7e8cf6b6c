# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA with CR on CIFAR-100-LT at imbalance 50.
_base_ = ['./ofa_resnet32_cifar100-lt-if50.py', '../_base_/curvature.py']
