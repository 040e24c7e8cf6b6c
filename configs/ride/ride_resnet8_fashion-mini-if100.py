# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

model = dict(
    backbone=dict(type='mmcurv.MultiExpertCifarResNet', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=48,
        num_experts=4,
        loss=dict(_delete_=True, type='mmcurv.RIDELoss', temperature_start=17),
        init_cfg=None))

# Temperatures and weights from epoch 17 of 20, as from 161 of 200.
default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    reweighting=dict(type='mmcurv.DeferredReweightingHook', start_epoch=17),
    geometry=dict(layer='head.all_features'))
