# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM with CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './ldam_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large.py',
]
