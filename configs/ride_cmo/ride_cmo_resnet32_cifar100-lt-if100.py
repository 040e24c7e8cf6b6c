# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE of three experts with CMO on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = '../ride/ride_resnet32_cifar100-lt-if100.py'

model = dict(backbone=dict(num_experts=3), head=dict(num_experts=3))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
