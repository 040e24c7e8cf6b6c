# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Focal loss on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

model = dict(head=dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=1.)))
