# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ShuffleNetV2 on class folders of CIFAR-100 at imbalance 10, decoded once and
# fed from memory, for two epochs.
_base_ = './runtime.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmcurv.CifarShuffleNetV2', widen_factor=1.0),
    head=dict(in_channels=1024, num_classes=100))

data_preprocessor = dict(
    type='mmcurv.BatchAugmentPreprocessor',
    num_classes=100,
    to_rgb=True,  # files are read as BGR
    augment=[
        dict(type='BatchRandomCrop', crop_size=32, padding=4),
        dict(type='BatchRandomFlip', prob=0.5, direction='horizontal'),
    ])

# Runs once for every image.
pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
# A quarter of the usual batch: two epochs have few steps.
train_dataloader = dict(
    batch_size=32,
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=dict(
            type='mmcurv.LongTailed',
            imbalance_factor=10,
            profile='exp',
            seed=0,
            dataset=dict(
                type='CustomDataset',
                data_root='data/cifar100_if10/train',
                pipeline=pipeline))))
val_dataloader = dict(
    collate_fn=dict(type='mmcurv.image_batch_collate'),
    dataset=dict(
        _delete_=True,
        type='mmcurv.InMemoryDataset',
        dataset=dict(
            type='CustomDataset',
            data_root='data/cifar100_if10/test',
            test_mode=True,
            pipeline=pipeline)))
test_dataloader = val_dataloader

# The last epoch alone is evaluated, and the geometry measured on few images.
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(geometry=dict(max_per_class=20))
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=2, T_max=1)
