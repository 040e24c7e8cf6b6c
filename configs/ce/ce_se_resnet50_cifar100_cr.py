# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with SE-ResNet-50 and CR on CIFAR-100.
_base_ = ['./ce_se_resnet50_cifar100.py', '../_base_/curvature_mixed.py']
