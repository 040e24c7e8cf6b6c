# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA on ImageNet-LT, recipe of the paper.
_base_ = ['../_base_/imagenet_lt.py', '../_base_/stages/ofa.py']

model = dict(
    type='mmcurv.OFAClassifier', augment=False, num_fused=15, num_confusing=15)

# Phase II on large sets: groups of a tail image, 15 head images that it is
# fused with and one more, 32 images and fused maps of each group. Number of
# partners, optimizer and rate are those of an unofficial code for ImageNet-LT.
# As many steps as on CIFAR, 6,400. With 8 GPUs a step has 8 groups, as many
# as make a batch of 256.
stages = _base_.stages
changes = stages[1]['changes']
changes.pop('optim_wrapper.optimizer.lr')
changes['train_dataloader.batch_size'] = 17
changes['train_dataloader.sampler'].update(groups=5120, num_fused=15)
changes['auto_scale_lr.base_batch_size'] = 136
changes['optim_wrapper.optimizer'] = dict(
    _delete_=True, type='AdamW', lr=1e-5, weight_decay=0.01)
changes['train_cfg.max_epochs'] = 10
del changes
