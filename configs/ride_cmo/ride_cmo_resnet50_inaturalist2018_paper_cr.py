# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with CMO and CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './ride_cmo_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large_3experts.py',
]
