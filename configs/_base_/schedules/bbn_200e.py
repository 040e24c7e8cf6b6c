# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Recipe of the BBN code, for batches of 128 and as many images of a reversed
# sampler: the rates are those of dual_branch_200e.py by half.
_base_ = './dual_branch_200e.py'

optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=2e-4, nesterov=True))

auto_scale_lr = dict(base_batch_size=128)
