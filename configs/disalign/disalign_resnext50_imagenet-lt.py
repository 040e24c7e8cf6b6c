# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on ImageNet-LT, own recipe.
_base_ = ['../_base_/imagenet_lt.py', '../_base_/stages/disalign.py']

model = dict(
    backbone=dict(zero_init_residual=True),
    head=dict(
        init_cfg=dict(_delete_=True, type='Normal', layer='Linear', std=0.01)))

# 90 epochs, the rate on a cosine from epoch to epoch.
param_scheduler = [dict(type='CosineAnnealingLR', T_max=90)]

train_cfg = dict(max_epochs=90)
