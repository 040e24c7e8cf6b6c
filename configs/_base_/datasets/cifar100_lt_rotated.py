# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR100-LT with images that are also turned by up to 15 degrees.
_base_ = './cifar100_lt.py'

train_pipeline = [
    *_base_.train_pipeline[:-1],
    dict(
        type='Rotate',
        magnitude_level=10,
        magnitude_range=(0, 15),
        magnitude_std='inf',  # any angle between, either way
        prob=1.,
        pad_val=0),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
