# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/cosine_90e.py',
    '../_base_/large_runtime.py',
]

train_dataloader = dict(batch_size=64)
