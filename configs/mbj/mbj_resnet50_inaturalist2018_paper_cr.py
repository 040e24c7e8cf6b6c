# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading,, with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './mbj_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large.py',
]
