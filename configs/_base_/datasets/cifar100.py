# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR-100 with all of its 500 training images of each class.
_base_ = './cifar100_lt.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CIFAR100',
        data_root='data/cifar100',
        split='train',
        pipeline=_base_.train_pipeline))
