# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on the bundled subset of Fashion-MNIST.
_base_ = ['../_base_/bundled.py', '../_base_/stages/ofa.py']

model = dict(
    type='mmcurv.OFAClassifier', augment=False, num_fused=3, num_confusing=3)
