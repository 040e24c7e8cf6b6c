# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on ImageNet-LT, own recipe.
_base_ = ['../_base_/imagenet_lt.py', '../_base_/recipes/paco_views.py']

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=8192,
    feature_dim=128,
    momentum=0.999,
    head=dict(loss=dict(type='mmcurv.PaCoLoss', alpha=0.05, temperature=0.07)))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[_base_.stacked_view, _base_.second_view]),
    dict(type='PackInputs'),
]

# Recipe of its code, for batches of 128: 400 epochs. Its cosine begins in the
# last epoch of the warm-up.
train_dataloader = dict(
    batch_size=16, drop_last=True, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=0.02))

param_scheduler = [
    # 0.1, 0.2, ..., 1 of the rate in epochs 1 to 10.
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True),
    dict(type='CosineAnnealingLR', T_max=391, begin=9, end=400, by_epoch=True),
]

train_cfg = dict(max_epochs=400)

auto_scale_lr = dict(base_batch_size=128)
