# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the methods have in common on the bundled subset of Fashion-MNIST: about
# 2,500 training images, cut to imbalance 100, and 2,000 test images, 200 of
# each class; no download. ResNet-8 and the 200-epoch recipe at a tenth of its
# length. A config over it changes what makes its method and nothing else, so
# that their runs differ by their methods alone.
_base_ = './default_runtime.py'

image_size = network_size = 28

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
        type='mmcurv.FashionMini',
        split='test',
        pipeline=[dict(type='PackInputs')]))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='mmcurv.ClassFairness'),
]
test_evaluator = val_evaluator

model = dict(
    type='ImageClassifier',
    backbone=dict(type='mmcurv.CifarResNet', depth=8, in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        in_channels=64,
        num_classes=10,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear')))

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=2e-4))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.2,
        begin=0,
        end=1,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[16, 18], gamma=0.01),
]

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=64, enable=False)

default_hooks = dict(checkpoint=dict(interval=5))
