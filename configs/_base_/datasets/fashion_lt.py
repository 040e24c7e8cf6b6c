# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fashion-MNIST-LT in the place of CIFAR-LT or CIFAR, "--with" this file: the
# training set thinned as CIFAR-LT is (6,000 images of class 0, exponential
# profile, seed 0), the whole test set.
image_size = 28

data_preprocessor = dict(
    num_classes=10,
    # Mean and standard deviation of Fashion-MNIST's 60,000 training images.
    mean=[72.940],
    std=[90.021],
    to_rgb=False)

train_pipeline = [
    dict(type='RandomCrop', crop_size=28, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcurv.LongTailed',
        imbalance_factor=100,
        profile='exp',
        seed=0,
        dataset=dict(
            type='mmcurv.FashionMNIST',
            data_root='data/fashion_mnist',
            split='train',
            pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcurv.FashionMNIST',
        data_root='data/fashion_mnist',
        split='test',
        pipeline=[dict(type='PackInputs')]))
test_dataloader = val_dataloader

model = dict(backbone=dict(in_channels=1), head=dict(num_classes=10))
