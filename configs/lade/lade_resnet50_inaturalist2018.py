# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on iNaturalist 2018, own recipe.
_base_ = '../_base_/inaturalist2018.py'

data_preprocessor = dict(
    # These its code has for iNaturalist.
    mean=[118.83, 120.105, 96.9],
    std=[49.725, 49.47, 48.96])

model = dict(head=dict(loss=dict(type='mmcurv.LADELoss', alpha=0.05, lam=0.5)))

# For batches of 256: 200 epochs, the rate on a cosine from epoch to epoch. The
# code steps its scheduler before each epoch, so that the rate of the last one
# is 0.
train_dataloader = dict(batch_size=32, drop_last=True)

optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))

param_scheduler = [
    # It remembers the rate, which a cosine that is a step ahead needs.
    dict(type='MultiStepLR', milestones=[]),
    dict(type='CosineAnnealingLR', T_max=200, last_step=0),
]

auto_scale_lr = dict(base_batch_size=256)
