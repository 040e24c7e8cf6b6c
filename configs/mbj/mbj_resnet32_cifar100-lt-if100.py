# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on CIFAR-100-LT at imbalance 100.
_base_ = '../_base_/cifar100_lt.py'

model = dict(
    head=dict(
        type='mmcurv.MBJHead', memory_size=1024, rho=1., memory_weight=1.))
