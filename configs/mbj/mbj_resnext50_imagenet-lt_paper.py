# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on ImageNet-LT, recipe of the paper.
_base_ = '../_base_/imagenet_lt.py'

model = dict(
    head=dict(
        type='mmcurv.MBJHead', memory_size=2048, rho=1., memory_weight=1.))
