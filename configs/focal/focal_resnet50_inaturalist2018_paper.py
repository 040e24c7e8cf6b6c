# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss on iNaturalist 2018, recipe of the paper.
_base_ = '../_base_/inaturalist2018.py'

model = dict(head=dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=2.)))
