# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR100-LT from memory, augmented by whole batches: the images and the
# augmentation of cifar100_lt.py, many times faster.
_base_ = './cifar100_lt.py'

data_preprocessor = dict(
    type='mmcurv.BatchAugmentPreprocessor',
    augment=[
        dict(type='BatchRandomCrop', crop_size=32, padding=4),
        dict(type='BatchRandomFlip', prob=0.5, direction='horizontal'),
    ])

# Runs once for every image.
train_pipeline = [dict(type='PackInputs')]
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
                type='CIFAR100',
                data_root='data/cifar100',
                split='train',
                pipeline=train_pipeline))))
val_dataloader = dict(
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=_base_.val_dataloader.dataset))
test_dataloader = val_dataloader
