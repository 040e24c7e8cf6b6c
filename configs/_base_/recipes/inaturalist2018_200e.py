# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The recipe that the paper states for iNaturalist 2018: that of ImageNet-LT
# for batches of 512, 64 on each of 8 GPUs. Colours stay as they are.
_base_ = './imagenet_lt_200e.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))

# Some methods have others of their own.
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])

auto_scale_lr = dict(base_batch_size=512)
