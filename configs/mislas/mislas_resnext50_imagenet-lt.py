# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on ImageNet-LT, own recipe.
_base_ = [
    '../_base_/models/resnext50_224.py',
    '../_base_/datasets/imagenet_lt.py',
    '../_base_/schedules/cosine_180e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/mislas_10e.py',
]

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=0.2))

stages = _base_.stages
stages[1]['norm'] = 'train'
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.05)})
