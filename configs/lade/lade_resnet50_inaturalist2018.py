# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/cosine_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        num_classes=8142,
        loss=dict(type='mmcurv.LADELoss', alpha=0.05, lam=0.5)))
train_dataloader = dict(batch_size=32, drop_last=True)
