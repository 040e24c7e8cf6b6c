# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# VGG-16 on Fashion-MNIST-LT at imbalance 100, fed from memory, with CR from
# the second of three epochs on.
_base_ = './fashion_in_memory.py'

# Three numbers against one gray channel make three equal channels.
data_preprocessor = dict(mean=[72.940] * 3, std=[90.021] * 3)
model = dict(
    backbone=dict(
        _delete_=True,
        type='VGG',
        depth=16,
        norm_cfg=dict(type='BN'),
        ceil_mode=True,  # or no pixel of 28 x 28 would be left
        out_indices=(4, )))

train_cfg = dict(max_epochs=3)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=3, T_max=2)

custom_hooks = [
    dict(
        type='mmcurv.FeaturePoolHook',
        start_epoch=2,
        # log_tau(3) = log_100(200), the weight with which the paper's runs
        # end.
        loss=dict(tau=2.6))
]
