# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on ImageNet-LT, in the recipe of the decoupling code.
_base_ = '../_base_/imagenet_lt.py'

# For batches of 512: 90 epochs, the rate on a cosine from epoch to epoch. The
# code steps its scheduler before each epoch, so that the rate of the last one
# is 0.
train_dataloader = dict(batch_size=64, drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.2))

param_scheduler = [
    # It remembers the rate, which a cosine that is a step ahead needs.
    dict(type='MultiStepLR', milestones=[]),
    dict(type='CosineAnnealingLR', T_max=90, last_step=0),
]

train_cfg = dict(max_epochs=90)

auto_scale_lr = dict(base_batch_size=512)
