# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with SE-ResNet-50 and CR on ImageNet.
_base_ = ['./ce_se_resnet50_imagenet.py', '../_base_/curvature_large_mixed.py']
