# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The bundled subset of Fashion-MNIST: about 2,500 training images, cut to
# imbalance 100, and 2,000 test images, 200 of each class. No download.
data_preprocessor = dict(
    num_classes=10,
    # Mean and standard deviation of Fashion-MNIST's 60,000 training images.
    mean=[72.940],
    std=[90.021])

train_pipeline = [
    dict(type='RandomCrop', crop_size=28, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

# The images lie in memory, so worker processes would only slow them down.
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmcurv.FashionMini', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    persistent_workers=False,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmcurv.FashionMini', split='test', pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='mmcurv.ClassFairness'),
]
test_evaluator = val_evaluator
