# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './ldam_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large.py',
]
