# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/cosine_180e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        num_classes=1000,
        loss=dict(type='mmcurv.LADELoss', alpha=0.05, lam=0.5)))
train_dataloader = dict(drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.05))
