# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with BN-Inception and CR on CIFAR-100.
_base_ = ['./ce_bn_inception_cifar100.py', '../_base_/curvature_mixed.py']
