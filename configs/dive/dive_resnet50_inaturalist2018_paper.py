# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE on iNaturalist 2018, recipe of the paper.
_base_ = ['../_base_/inaturalist2018.py', '../_base_/stages/dive.py']

model = dict(
    type='mmcurv.DiVEClassifier',
    teacher=None,
    alpha=0.5,
    temperature=2.,
    power=0.5,
    head=dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss')))
