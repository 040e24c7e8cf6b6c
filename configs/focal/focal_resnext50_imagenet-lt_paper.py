# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    head=dict(
        num_classes=1000, loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=2.)))
