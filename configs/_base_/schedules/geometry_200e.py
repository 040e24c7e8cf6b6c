# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# As geometry_30e.py, but as long as the paper trains "all models".
_base_ = './geometry_30e.py'

param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=200, T_max=199)
train_cfg = dict(max_epochs=200)
