# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on the bundled subset of Fashion-MNIST. The memory holds
# 8 batches, as on CIFAR.
_base_ = '../_base_/bundled.py'

model = dict(
    head=dict(
        type='mmcurv.MBJHead', memory_size=512, rho=1., memory_weight=1.))
