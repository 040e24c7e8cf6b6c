# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './ce_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large.py',
]
