# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Fashion-MNIST-LT from memory, augmented by whole batches.
_base_ = './runtime.py'

data_preprocessor = dict(
    _delete_=True,
    type='mmcurv.BatchAugmentPreprocessor',
    num_classes=10,
    # Mean and standard deviation of Fashion-MNIST's 60,000 training images.
    mean=[72.940],
    std=[90.021],
    augment=[
        dict(type='BatchRandomCrop', crop_size=28, padding=4),
        dict(type='BatchRandomFlip', prob=0.5, direction='horizontal'),
    ])

# Runs once for every image.
pipeline = [dict(type='PackInputs')]
train_dataloader = dict(
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=dict(
            type='mmcurv.LongTailed',
            imbalance_factor=100,
            profile='exp',
            seed=0,
            dataset=dict(
                type='mmcurv.FashionMNIST',
                data_root='data/fashion_mnist',
                split='train',
                pipeline=pipeline))))
val_dataloader = dict(
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=dict(
            type='mmcurv.FashionMNIST',
            data_root='data/fashion_mnist',
            split='test',
            pipeline=pipeline)))
test_dataloader = val_dataloader
