# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE with CR on ImageNet-LT, own recipe.
_base_ = [
    './lade_resnext50_imagenet-lt.py',
    '../_base_/curvature_large_180e.py',
]
