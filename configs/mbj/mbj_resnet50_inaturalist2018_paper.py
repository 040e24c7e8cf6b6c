# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on iNaturalist 2018, recipe of the paper.
_base_ = '../_base_/inaturalist2018.py'

model = dict(
    head=dict(
        type='mmcurv.MBJHead', memory_size=4096, rho=1., memory_weight=1.))
