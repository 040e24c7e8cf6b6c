# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNet-34 and CR on CIFAR-100.
_base_ = ['./ce_resnet34_cifar100.py', '../_base_/curvature_mixed.py']
