# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with VGG-16 and CR on ImageNet.
_base_ = ['./ce_vgg16_imagenet.py', '../_base_/curvature_large_mixed.py']
