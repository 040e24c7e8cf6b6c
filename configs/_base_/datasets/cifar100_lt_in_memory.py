# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR-100-LT from memory, augmented by whole batches, many times faster:
# "--with" this file. The images and the augmentation are those of the common
# recipe; the imbalance factor is train_dataloader.dataset.dataset's.
data_preprocessor = dict(
    type='mmcurv.BatchAugmentPreprocessor',
    augment=[
        dict(type='BatchRandomCrop', crop_size=32, padding=4),
        dict(type='BatchRandomFlip', prob=0.5, direction='horizontal'),
    ])

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
                pipeline=[dict(type='PackInputs')]))))  # once an image
val_dataloader = dict(
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=dict(
            type='CIFAR100',
            data_root='data/cifar100',
            split='test',
            test_mode=True,
            pipeline=[dict(type='PackInputs')])))
test_dataloader = val_dataloader
