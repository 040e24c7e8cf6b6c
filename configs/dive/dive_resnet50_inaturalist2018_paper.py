# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/dive.py',
]

model = dict(
    type='mmcurv.DiVEClassifier',
    teacher=None,
    alpha=0.5,
    temperature=2.,
    power=0.5,
    head=dict(num_classes=8142, loss=dict(type='mmcurv.BalancedSoftmaxLoss')))

auto_scale_lr = dict(base_batch_size=512)
