# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on ImageNet-LT, own recipe.
_base_ = ['../_base_/imagenet_lt.py', '../_base_/stages/mislas.py']

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=0.2))

# 180 epochs, the rate on a cosine from epoch to epoch.
param_scheduler = [dict(type='CosineAnnealingLR', T_max=180)]

train_cfg = dict(max_epochs=180)

stages = _base_.stages
stages[1].update(norm='train', of=180)
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.05)})
