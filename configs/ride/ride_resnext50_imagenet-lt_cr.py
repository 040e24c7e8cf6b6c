# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on ImageNet-LT, own recipe.
_base_ = [
    './ride_resnext50_imagenet-lt.py',
    '../_base_/curvature_large_100e_4experts.py',
]
