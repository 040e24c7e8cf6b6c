# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR-100 as class folders in the place of CIFAR-100-LT, "--with" this file:
# data/cifar100_if10/train/<class>/*.png, whose training images are cut to
# imbalance 10, and .../test/<class>/*.png. Any set of 100 classes in class
# folders trains like this; give model.head.num_classes and
# data_preprocessor.num_classes for another number.
data_preprocessor = dict(to_rgb=True)  # files are read as BGR

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]

# Workers decode the files. They have to persist: mmengine seeds new ones
# alike, so that every epoch would crop and flip in the same way.
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='CustomDataset',
            data_root='data/cifar100_if10/train',
            pipeline=train_pipeline)))
val_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root='data/cifar100_if10/test',
        test_mode=True,
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='PackInputs')]))
test_dataloader = val_dataloader
