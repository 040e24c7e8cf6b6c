# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# From its second stage on there is a network for each expert, of three
# quarters of the channels.
model = dict(
    backbone=dict(type='mmcurv.MultiExpertCifarResNet', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=48,
        num_experts=4,
        loss=dict(_delete_=True, type='mmcurv.RIDELoss'),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))
