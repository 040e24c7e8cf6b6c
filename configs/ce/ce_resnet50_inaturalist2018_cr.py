# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CR on iNaturalist 2018, own recipe.
_base_ = [
    './ce_resnet50_inaturalist2018.py',
    '../_base_/curvature_large_90e.py',
]
