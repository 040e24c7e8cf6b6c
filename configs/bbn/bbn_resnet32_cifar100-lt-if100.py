# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = '../_base_/cifar100_lt.py'

# The last block of the ResNet-32 exists twice, side by side.
model = dict(
    type='mmcurv.BBNClassifier',
    backbone=dict(type='mmcurv.DualBranchResNet'),
    head=dict(type='mmcurv.BBNHead', in_channels=128, init_cfg=None))

default_hooks = dict(
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'))

# Recipe of its code, for batches of 128 and as many images of a reversed
# sampler. It steps its scheduler before each epoch, not after it, so that the
# rate starts at 7/15 instead of 1/3 and drops one epoch before 120 and 160.
train_dataloader = dict(drop_last=True)

optim_wrapper = dict(optimizer=dict(nesterov=True))

param_scheduler = [
    # 7/15, 9/15, 11/15, 13/15, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=7 / 15, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.01),
]
