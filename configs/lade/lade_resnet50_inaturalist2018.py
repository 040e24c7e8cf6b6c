# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LADE on iNaturalist 2018, own recipe.
_base_ = '../_base_/inaturalist2018.py'

model = dict(head=dict(loss=dict(type='mmcurv.LADELoss', alpha=0.05, lam=0.5)))

# For batches of 256: 200 epochs, the rate on a cosine from epoch to epoch.
train_dataloader = dict(batch_size=32, drop_last=True)

optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=200)]

auto_scale_lr = dict(base_batch_size=256)
