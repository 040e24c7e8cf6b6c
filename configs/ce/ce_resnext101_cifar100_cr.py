# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNeXt-101 and CR on CIFAR-100.
_base_ = ['./ce_resnext101_cifar100.py', '../_base_/curvature_mixed.py']
