# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on iNaturalist 2018, own recipe.
_base_ = [
    './ride_resnet50_inaturalist2018.py',
    '../_base_/curvature_large_100e_4experts.py',
]
