# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss on ImageNet-LT, recipe of the paper.
_base_ = '../_base_/imagenet_lt.py'

model = dict(head=dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=2.)))
