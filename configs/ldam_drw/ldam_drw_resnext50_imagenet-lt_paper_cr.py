# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW with CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './ldam_drw_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large.py',
]
