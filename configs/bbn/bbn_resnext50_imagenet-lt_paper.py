# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on ImageNet-LT, recipe of the paper.
_base_ = [
    '../_base_/models/dual_branch_resnext50.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    type='mmcurv.BBNClassifier',
    head=dict(type='mmcurv.BBNHead', num_classes=1000, init_cfg=None))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'),
    geometry=dict(layer='head.conventional'))
