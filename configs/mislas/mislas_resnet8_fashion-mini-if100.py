# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on the bundled subset of Fashion-MNIST.
_base_ = ['../_base_/bundled.py', '../_base_/stages/mislas_1e.py']

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))
