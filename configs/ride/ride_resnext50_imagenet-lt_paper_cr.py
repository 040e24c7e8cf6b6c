# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './ride_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large_4experts.py',
]
