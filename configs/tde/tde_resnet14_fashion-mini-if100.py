# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# De-confound-TDE on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# Two branches need a network of at least 14 layers.
model = dict(
    backbone=dict(type='mmcurv.DualBranchResNet', depth=14),
    head=dict(
        type='mmcurv.CausalNormHead', in_channels=128, alpha=1.,
        init_cfg=None))
