# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/dual_branch_resnet50.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    type='mmcurv.BBNClassifier',
    head=dict(type='mmcurv.BBNHead', num_classes=8142, init_cfg=None))

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'),
    geometry=dict(layer='head.conventional'))

auto_scale_lr = dict(base_batch_size=512)
