# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/dual_branch_resnet50.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/bbn_180e.py',
    '../_base_/large_runtime.py',
]

model = dict(
    type='mmcurv.BBNClassifier',
    head=dict(
        type='mmcurv.BBNHead', num_classes=8142, horizon=200, init_cfg=None))
train_dataloader = dict(batch_size=16, drop_last=True)

default_hooks = dict(
    model_epoch=dict(type='mmcurv.ModelEpochHook'),
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'),
    geometry=dict(layer='head.conventional'))
