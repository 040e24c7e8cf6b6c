# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy with CMO on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

model = dict(head=dict(type='mmcurv.PairedLinearHead'))

default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
