# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts and CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './ride_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large_4experts.py',
]
