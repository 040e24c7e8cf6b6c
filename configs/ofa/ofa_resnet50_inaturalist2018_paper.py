# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on iNaturalist 2018, recipe of the paper.
_base_ = [
    '../_base_/models/resnet50_224.py',
    '../_base_/datasets/inaturalist2018.py',
    '../_base_/schedules/paper_200e.py',
    '../_base_/large_runtime.py',
    '../_base_/stages/ofa_10e.py',
]

model = dict(
    type='mmcurv.OFAClassifier',
    augment=False,
    num_fused=15,
    num_confusing=15,
    head=dict(num_classes=8142))

auto_scale_lr = dict(base_batch_size=512)

# Twice the groups, as many as make a batch of 512.
stages = _base_.stages
stages[1]['changes']['train_dataloader.batch_size'] = 34
stages[1]['changes']['train_dataloader.sampler']['groups'] = 10240
stages[1]['changes']['auto_scale_lr.base_batch_size'] = 272
