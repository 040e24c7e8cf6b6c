# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM on iNaturalist 2018, recipe of the paper.
_base_ = '../_base_/inaturalist2018.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))
