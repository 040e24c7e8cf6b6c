# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fashion-MNIST with all of its 6,000 training images of each class.
_base_ = './fashion_lt.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcurv.FashionMNIST',
        data_root='data/fashion_mnist',
        split='train',
        pipeline=_base_.train_pipeline))
