# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on iNaturalist 2018, recipe of the paper.
_base_ = ['../_base_/inaturalist2018.py', '../_base_/stages/gcl.py']

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

# The second stage has the same batch.
stages = _base_.stages
stages[1]['changes']['auto_scale_lr']['base_batch_size'] = 512
