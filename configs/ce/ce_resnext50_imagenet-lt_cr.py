# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on ImageNet-LT, own recipe.
_base_ = ['./ce_resnext50_imagenet-lt.py', '../_base_/curvature_large_90e.py']
