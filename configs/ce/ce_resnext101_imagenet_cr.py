# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with ResNeXt-101 and CR on ImageNet.
_base_ = ['./ce_resnext101_imagenet.py', '../_base_/curvature_large_mixed.py']
