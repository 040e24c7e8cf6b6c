# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on ImageNet-LT, own recipe.
_base_ = [
    './ride_cmo_resnext50_imagenet-lt.py',
    '../_base_/curvature_large_100e_3experts.py',
]
