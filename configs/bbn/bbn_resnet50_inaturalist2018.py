# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# BBN on iNaturalist 2018, own recipe.
_base_ = '../_base_/inaturalist2018.py'

# The last block of the ResNet-50 exists twice, side by side. The original has
# a horizon of 200 for its 180 epochs, and leaves all layers as PyTorch
# initializes them.
model = dict(
    type='mmcurv.BBNClassifier',
    backbone=dict(type='mmcurv.DualBranchImageNetResNet', init_cfg=None),
    head=dict(
        type='mmcurv.BBNHead',
        in_channels=4096,
        horizon_share=10 / 9,
        init_cfg=None))

default_hooks = dict(
    second_batch=dict(type='mmcurv.SecondBatchHook', weights='reversed'))

# Recipe of its code, for batches of 128 and as many images of a reversed
# sampler. It steps its scheduler before each epoch, not after it, so that the
# rate drops one epoch before 120 and 160.
train_dataloader = dict(batch_size=16, drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=1e-4, nesterov=True))

param_scheduler = [
    dict(type='MultiStepLR', milestones=[119, 159], gamma=0.1),
]

train_cfg = dict(max_epochs=180)

auto_scale_lr = dict(base_batch_size=128)
