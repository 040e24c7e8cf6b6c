# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on ImageNet-LT, recipe of the paper.
_base_ = [
    './ride_cmo_resnext50_imagenet-lt_paper.py',
    '../_base_/curvature_large_3experts.py',
]
