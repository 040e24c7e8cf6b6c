# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, stage 1, on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = '../_base_/cifar100_lt.py'

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

# Recipe of its code, for batches of 64: x 0.1 at epoch 160 and x 0.01 at epoch
# 180.
train_dataloader = dict(batch_size=64)

param_scheduler = _base_.param_scheduler
param_scheduler[1]['gamma'] = 0.1

auto_scale_lr = dict(base_batch_size=64)
