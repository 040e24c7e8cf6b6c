# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# Two branches need a network of at least 14 layers.
model = dict(
    backbone=dict(type='mmcurv.DualBranchResNet', depth=14),
    head=dict(
        in_channels=128,
        loss=dict(type='mmcurv.LADELoss', alpha=0.1, lam=0.01)))
