# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CMO on CIFAR-100-LT at imbalance 100.
_base_ = '../_base_/cifar100_lt.py'

model = dict(head=dict(type='mmcurv.PairedLinearHead'))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
