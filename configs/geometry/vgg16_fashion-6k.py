# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fig. 7 to 11 with a VGG-16 of the usual width, batch normalisation, and one
# linear classifier on the last map of 512 channels, for 15 epochs.
_base_ = [
    '../_base_/datasets/fashion_6k.py',
    '../_base_/schedules/geometry_30e.py',
    '../_base_/default_runtime.py',
]

# Three numbers against one gray channel: the preprocessor's broadcasting makes
# the three equal channels that mmpretrain's VGG expects.
data_preprocessor = dict(mean=[72.940] * 3, std=[90.021] * 3)

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='VGG',
        depth=16,
        num_classes=-1,
        norm_cfg=dict(type='BN'),
        # 28, 14, 7, 4, 2, 1 pixels; rounding down there would be none left.
        ceil_mode=True,
        out_indices=(4, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=512,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss')))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        begin=0,
        end=1,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=15,
        T_max=14,
        by_epoch=True,
        convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=15)

default_hooks = dict(
    geometry=dict(
        type='mmcurv.GeometryMonitorHook', layer='head.fc', at_start=True))
