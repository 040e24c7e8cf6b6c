# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR100-LT with AutoAugment and Cutout.
_base_ = ['./cifar100_lt.py', './auto_augment_cutout.py']

train_pipeline = _base_.strong_pipeline
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
