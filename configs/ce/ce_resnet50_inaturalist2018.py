# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on iNaturalist 2018, in the recipe of the decoupling code.
_base_ = '../_base_/inaturalist2018.py'

# 90 epochs, the rate on a cosine from epoch to epoch.
optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=1e-4))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=90)]

train_cfg = dict(max_epochs=90)
