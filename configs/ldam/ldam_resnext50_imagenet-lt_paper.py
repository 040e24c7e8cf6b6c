# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LDAM on ImageNet-LT, recipe of the paper.
_base_ = '../_base_/imagenet_lt.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.LDAMLoss'),
        init_cfg=None))
