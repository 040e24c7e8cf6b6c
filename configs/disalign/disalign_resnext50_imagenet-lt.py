# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/cosine_90e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/disalign_10e.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.1))

auto_scale_lr = dict(base_batch_size=256)
