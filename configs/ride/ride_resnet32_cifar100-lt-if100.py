# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts on CIFAR-100-LT at imbalance 100, own recipe; three
# have model.backbone.num_experts=3 and model.head.num_experts=3.
_base_ = '../_base_/cifar100_lt.py'

# From its second stage on there is a network for each expert, of three
# quarters of the channels.
model = dict(
    backbone=dict(type='mmcurv.MultiExpertCifarResNet', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=48,
        num_experts=4,
        loss=dict(_delete_=True, type='mmcurv.RIDELoss', diversity=-0.45),
        init_cfg=None))

default_hooks = dict(reweighting=dict(type='mmcurv.DeferredReweightingHook'))

# Recipe of its code: that of LDAM with Nesterov momentum, more decay, and
# images that are also turned by up to 15 degrees.
train_dataloader = dict(
    dataset=dict(
        dataset=dict(pipeline=[
            *_base_.train_pipeline[:-1],
            dict(
                type='Rotate',
                magnitude_level=10,
                magnitude_range=(0, 15),
                magnitude_std='inf',  # any angle between, either way
                prob=1.,
                pad_val=0),
            dict(type='PackInputs'),
        ])))

optim_wrapper = dict(optimizer=dict(weight_decay=5e-4, nesterov=True))

recipe_of = [dict(classes=10, changes={'model.head.loss.diversity': -0.2})]
