# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN with CR on iNaturalist 2018, own recipe.
_base_ = [
    './bbn_resnet50_inaturalist2018.py',
    '../_base_/curvature_large_180e_conventional.py',
]
