# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on iNaturalist 2018, own recipe.
_base_ = [
    './ride_cmo_resnet50_inaturalist2018.py',
    '../_base_/curvature_large_100e_3experts.py',
]
