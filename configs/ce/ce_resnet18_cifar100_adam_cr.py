# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNet-18 and CR on CIFAR-100, with Adam as the paper
# prints it.
_base_ = ['./ce_resnet18_cifar100_adam.py', '../_base_/curvature_mixed.py']
