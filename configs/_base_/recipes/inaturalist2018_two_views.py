# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# iNaturalist 2018 in two views, as PaCo needs them: the usual one, and that of
# SimCLR without its change of hue. "--with" this file after
# inaturalist2018_200e.py gives PaCo in the recipe of the paper.
_base_ = './paco_views.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.plain_view, _base_.second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(drop_last=True, dataset=dict(pipeline=train_pipeline))
