# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on the bundled subset of Fashion-MNIST. The second view is that of
# SimCLR as far as gray images have it.
_base_ = '../_base_/bundled.py'

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=1024,
    feature_dim=32,
    momentum=0.999,
    head=dict(loss=dict(type='mmcurv.PaCoLoss', alpha=0.01, temperature=0.05)))

second_view = [
    dict(type='NumpyToPIL'),
    dict(type='torchvision/RandomResizedCrop', size=28, scale=(0.2, 1.)),
    dict(type='torchvision/RandomHorizontalFlip'),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4),
        ]),
    dict(type='PILToNumpy'),
]
train_pipeline = [
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.train_pipeline[:-1], second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(drop_last=True, dataset=dict(pipeline=train_pipeline))
