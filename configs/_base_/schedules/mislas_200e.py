# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the first stage of MiSLAS: x 0.1 at epoch 160 and x 0.01 at epoch
# 180.
_base_ = './cifar_200e.py'

param_scheduler = _base_.param_scheduler
param_scheduler[1]['gamma'] = 0.1
