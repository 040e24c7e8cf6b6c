# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# SVHN: its 73,257 training images, without the extra ones, and its 26,032 test
# images. Digits are not flipped.
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
test_pipeline = [dict(type='PackInputs')]

# The images lie in memory, so worker processes would only slow them down.
train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmcurv.SVHN',
        data_root='data/svhn',
        split='train',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmcurv.SVHN',
        data_root='data/svhn',
        split='test',
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='mmcurv.ClassFairness'),
]
test_evaluator = val_evaluator
