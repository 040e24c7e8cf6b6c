# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with DenseNet-201 and CR on CIFAR-100.
_base_ = ['./ce_densenet201_cifar100.py', '../_base_/curvature_mixed.py']
