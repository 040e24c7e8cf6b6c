# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SVHN in the place of CIFAR-10, "--with" this file: its 73,257 training
# images, without the extra ones, and its 26,032 test images. Digits are not
# flipped.
data_preprocessor = dict(
    num_classes=10,
    # Mean and standard deviation of the training images.
    mean=[111.609, 113.161, 120.565],
    std=[50.498, 51.259, 50.244],
    to_rgb=False)  # the images are RGB already

train_pipeline = [
    dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcurv.SVHN',
        data_root='data/svhn',
        split='train',
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcurv.SVHN',
        data_root='data/svhn',
        split='test',
        pipeline=[dict(type='PackInputs')]))
test_dataloader = val_dataloader

model = dict(head=dict(num_classes=10))
