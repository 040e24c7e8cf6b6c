# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on iNaturalist 2018, in the recipe of the decoupling code.
_base_ = '../_base_/inaturalist2018.py'

data_preprocessor = dict(
    # These its code has for iNaturalist.
    mean=[118.83, 120.105, 96.9],
    std=[49.725, 49.47, 48.96])

# For batches of 512: 90 epochs, the rate on a cosine from epoch to epoch. The
# code steps its scheduler before each epoch, so that the rate of the last one
# is 0.
train_dataloader = dict(drop_last=True)

optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=1e-4))

param_scheduler = [
    # It remembers the rate, which a cosine that is a step ahead needs.
    dict(type='MultiStepLR', milestones=[]),
    dict(type='CosineAnnealingLR', T_max=90, last_step=0),
]

train_cfg = dict(max_epochs=90)
