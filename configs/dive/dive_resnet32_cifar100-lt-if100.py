# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DiVE on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = ['../_base_/cifar100_lt.py', '../_base_/stages/dive.py']

model = dict(
    type='mmcurv.DiVEClassifier',
    teacher=None,
    alpha=0.5,
    temperature=2.,
    power=0.5,
    head=dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss'), init_cfg=None))

# Recipe of the Bag of Tricks code, which has DiVE. It steps its scheduler
# before each epoch, not after it, so that the rate starts at 7/15 instead of
# 1/3 and drops one epoch before 120 and 160.
train_dataloader = dict(drop_last=True)

optim_wrapper = dict(optimizer=dict(nesterov=True))

param_scheduler = [
    # 7/15, 9/15, 11/15, 13/15, 1 of the rate in epochs 1 to 5.
    dict(type='LinearLR', start_factor=7 / 15, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.01),
]
