# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, with CR on CIFAR-100-LT at imbalance 10.
_base_ = ['./mbj_resnet32_cifar100-lt-if10.py', '../_base_/curvature.py']
