# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on ImageNet-LT, own recipe.
_base_ = '../_base_/imagenet_lt.py'

model = dict(head=dict(loss=dict(type='mmcurv.LADELoss', alpha=0.05, lam=0.5)))

# 180 epochs, the rate on a cosine from epoch to epoch. The code steps its
# scheduler before each epoch, so that the rate of the last one is 0.
train_dataloader = dict(drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.05))

param_scheduler = [
    # It remembers the rate, which a cosine that is a step ahead needs.
    dict(type='MultiStepLR', milestones=[]),
    dict(type='CosineAnnealingLR', T_max=180, last_step=0),
]

train_cfg = dict(max_epochs=180)
