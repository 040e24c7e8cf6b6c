# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on ImageNet-LT, in the recipe of the decoupling code.
_base_ = '../_base_/imagenet_lt.py'

# For batches of 512: 90 epochs, the rate on a cosine from epoch to epoch.
train_dataloader = dict(batch_size=64)

optim_wrapper = dict(optimizer=dict(lr=0.2))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=90)]

train_cfg = dict(max_epochs=90)

auto_scale_lr = dict(base_batch_size=512)
