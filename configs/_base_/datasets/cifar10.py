# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR-10 with all of its 5,000 training images of each class.
_base_ = './cifar10_lt.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CIFAR10',
        data_root='data/cifar10',
        split='train',
        pipeline=_base_.train_pipeline))
