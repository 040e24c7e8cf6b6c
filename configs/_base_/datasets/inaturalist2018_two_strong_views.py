# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# iNaturalist 2018 in two views: RandAugment, and that of SimCLR without its
# change of hue.
_base_ = ['./inaturalist2018.py', './paco_views.py']

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.rand_view, _base_.second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
