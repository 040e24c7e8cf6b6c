# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE with CR on iNaturalist 2018, own recipe.
_base_ = ['./lade_resnet50_inaturalist2018.py', '../_base_/curvature_large.py']
