# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading,, with CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './mbj_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large.py',
]
