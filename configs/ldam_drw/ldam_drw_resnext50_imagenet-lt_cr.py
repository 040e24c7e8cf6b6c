# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW with CR on ImageNet-LT, own recipe.
_base_ = [
    './ldam_drw_resnext50_imagenet-lt.py',
    '../_base_/curvature_large.py',
]
