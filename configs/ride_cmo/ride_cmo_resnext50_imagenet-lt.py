# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO on ImageNet-LT, own recipe.
_base_ = '../ride/ride_resnext50_imagenet-lt.py'

model = dict(backbone=dict(num_experts=3), head=dict(num_experts=3))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
