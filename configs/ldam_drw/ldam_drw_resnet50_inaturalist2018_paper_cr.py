# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM-DRW with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './ldam_drw_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large.py',
]
