# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the GCL code, for batches of 64: x 0.1 at epoch 160 and x 0.01 at
# epoch 180.
_base_ = './cifar_200e.py'

param_scheduler = _base_.param_scheduler
param_scheduler[1]['gamma'] = 0.1

auto_scale_lr = dict(base_batch_size=64)
