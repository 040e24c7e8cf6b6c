# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO on iNaturalist 2018, own recipe.
_base_ = '../ride/ride_resnet50_inaturalist2018.py'

model = dict(backbone=dict(num_experts=3), head=dict(num_experts=3))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
