# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNet-18 and CR on ImageNet.
_base_ = ['./ce_resnet18_imagenet.py', '../_base_/curvature_large_mixed.py']
