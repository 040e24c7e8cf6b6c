# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on CIFAR-100-LT at imbalance 100.
_base_ = ['../_base_/cifar100_lt.py', '../_base_/stages/ofa.py']

model = dict(
    type='mmcurv.OFAClassifier', augment=False, num_fused=3, num_confusing=3)
