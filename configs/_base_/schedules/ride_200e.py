# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the RIDE code: that of LDAM with Nesterov momentum and more decay.
_base_ = './cifar_200e.py'

optim_wrapper = dict(optimizer=dict(weight_decay=5e-4, nesterov=True))
