# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = '../_base_/cifar100_lt.py'

# The ResNet-32 of its code: the last block exists twice, side by side.
model = dict(
    backbone=dict(type='mmcurv.DualBranchResNet'),
    head=dict(
        in_channels=128,
        loss=dict(type='mmcurv.LADELoss', alpha=0.1, lam=0.01),
        init_cfg=None))

# Recipe of its code, for batches of 256. It steps its scheduler before each
# epoch, not after it, so that the rate starts at 7/15 instead of 1/3 and drops
# one epoch before 120 and 160.
train_dataloader = dict(batch_size=256, drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=5e-4))

param_scheduler = [
    # 7/15, 9/15, 11/15, 13/15, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=7 / 15, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.01),
]

auto_scale_lr = dict(base_batch_size=256)
