# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on the bundled subset of Fashion-MNIST, with the constants of
# CIFAR-10-LT at imbalance 100.
_base_ = ['../_base_/bundled.py', '../_base_/stages/mislas.py']

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))
