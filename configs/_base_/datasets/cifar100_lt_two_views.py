# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR100-LT in two views: the usual one, and that of SimCLR.
_base_ = ['./cifar100_lt.py', './simclr_view.py']

train_pipeline = [
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.train_pipeline[:-1], _base_.second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
