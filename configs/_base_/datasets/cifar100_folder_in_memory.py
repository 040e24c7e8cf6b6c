# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The class folders of cifar100_folder.py from memory, augmented by whole
# batches: every file is decoded once, at the start. Any set of small images in
# class folders trains like this.
_base_ = './cifar100_folder.py'

data_preprocessor = dict(
    type='mmcurv.BatchAugmentPreprocessor',
    augment=[
        dict(type='BatchRandomCrop', crop_size=32, padding=4),
        dict(type='BatchRandomFlip', prob=0.5, direction='horizontal'),
    ])

# Runs once for every image.
train_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
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
                type='CustomDataset',
                data_root='data/cifar100_if10/train',
                pipeline=train_pipeline))))
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=_base_.val_dataloader.dataset))
test_dataloader = val_dataloader
