# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './focal_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large.py',
]
