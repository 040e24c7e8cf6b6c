# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on ImageNet-LT, recipe of the paper.
_base_ = ['../_base_/imagenet_lt.py', '../_base_/stages/gcl.py']

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

# The second stage has the same batch.
stages = _base_.stages
stages[1]['changes']['train_dataloader']['batch_size'] = 32
stages[1]['changes']['auto_scale_lr']['base_batch_size'] = 256
