# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on ImageNet-LT, own recipe.
_base_ = '../_base_/imagenet_lt.py'

# The third and fourth stage exist once for each expert, of three quarters of
# the channels.
model = dict(
    backbone=dict(type='mmcurv.MultiExpertResNeXt', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=1536,
        num_experts=4,
        loss=dict(
            _delete_=True, type='mmcurv.RIDELoss', temperature_share=0.02),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))

# Recipe of its code, for batches of 256: x 0.1 at epoch 60 and x 0.01 at epoch
# 80.
optim_wrapper = dict(optimizer=dict(weight_decay=2e-4, nesterov=True))

param_scheduler = [
    # 0.2, 0.4, 0.6, 0.8, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[60, 80], gamma=0.1),
]

train_cfg = dict(max_epochs=100)
