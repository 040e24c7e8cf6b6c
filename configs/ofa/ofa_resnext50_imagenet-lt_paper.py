# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/ofa_10e.py',
]

model = dict(
    type='mmcurv.OFAClassifier', augment=False, num_fused=15, num_confusing=15)
