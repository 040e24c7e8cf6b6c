# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './bbn_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large_conventional.py',
]
