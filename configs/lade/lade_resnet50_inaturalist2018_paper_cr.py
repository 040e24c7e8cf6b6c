# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE with CR on iNaturalist 2018, recipe of the paper.
_base_ = [
    './lade_resnet50_inaturalist2018_paper.py',
    '../_base_/curvature_large.py',
]
