# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on class folders of CIFAR-100.
_base_ = ['./ce_resnet32_cifar100-folder-if10.py', '../_base_/curvature.py']
