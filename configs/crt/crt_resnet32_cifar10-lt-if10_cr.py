# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT with CR on CIFAR-10-LT at imbalance 10.
_base_ = ['./crt_resnet32_cifar10-lt-if10.py', '../_base_/curvature.py']
