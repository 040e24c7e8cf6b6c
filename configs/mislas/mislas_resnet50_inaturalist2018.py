# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on iNaturalist 2018, own recipe.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018_jittered.py',
    '../_base_/schedules/cosine_200e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/mislas_10e.py',
]

model = dict(head=dict(type='mmcurv.PairedLinearHead', num_classes=8142))
train_dataloader = dict(batch_size=32)
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=0.2))

stages = _base_.stages
stages[1]['norm'] = 'train'
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.05)})
