# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, both stages, on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/gcl_30e.py',
]

model = dict(
    head=dict(
        type='mmcurv.NormedLinearHead',
        num_classes=8142,
        loss=dict(type='mmcurv.GCLLoss'),
        init_cfg=None))

default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

auto_scale_lr = dict(base_batch_size=512)

# The second stage has the same batch.
stages = _base_.stages
stages[1]['changes']['train_dataloader']['batch_size'] = 64
stages[1]['changes']['auto_scale_lr']['base_batch_size'] = 512
