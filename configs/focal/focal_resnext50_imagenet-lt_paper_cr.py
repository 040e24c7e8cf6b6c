# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss with CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './focal_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large.py',
]
