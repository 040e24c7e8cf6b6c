# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO on the bundled subset of Fashion-MNIST.
_base_ = '../ride/ride_resnet8_fashion-mini-if100.py'

model = dict(backbone=dict(num_experts=3), head=dict(num_experts=3))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
