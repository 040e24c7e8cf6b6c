# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ImageNet-LT in two views: RandAugment, and that of SimCLR without its
# change of hue.
_base_ = ['./imagenet_lt.py', './paco_views.py']

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.stacked_view, _base_.second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
