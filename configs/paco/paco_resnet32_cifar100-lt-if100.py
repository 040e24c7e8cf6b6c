# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# PaCo on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../_base_/cifar100_lt.py', '../_base_/recipes/auto_augment_cutout.py'
]

model = dict(
    type='mmcurv.PaCoClassifier',
    queue_size=1024,
    feature_dim=32,
    momentum=0.999,
    head=dict(
        loss=dict(type='mmcurv.PaCoLoss', alpha=0.01, temperature=0.05),
        init_cfg=None))

# The first view has AutoAugment and Cutout, the second is that of SimCLR.
# torchvision's transforms, because mmcv's change of hue fails with NumPy 2.
second_view = [
    dict(type='NumpyToPIL'),
    dict(type='torchvision/RandomResizedCrop', size=32, scale=(0.2, 1.)),
    dict(type='torchvision/RandomHorizontalFlip'),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(
                type='torchvision/ColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.4,
                hue=0.1),
        ]),
    dict(type='torchvision/RandomGrayscale', p=0.2),
    dict(type='PILToNumpy'),
    dict(
        type='GaussianBlur',
        magnitude_range=(0.1, 2.),
        magnitude_std='inf',
        prob=0.5),
]
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        dataset=dict(pipeline=[
            dict(
                type='MultiView',
                num_views=[1, 1],
                transforms=[_base_.strong_pipeline[:-1], second_view]),
            dict(type='PackInputs'),
        ])))

# Recipe of its code: 400 epochs at batch 128. Its warm-up tests epoch <= 10,
# counted from 0, so that the eleventh epoch has 1.1 of the rate; its drops
# test epoch > 320 and epoch > 360.
optim_wrapper = dict(optimizer=dict(lr=0.05, weight_decay=5e-4))

param_scheduler = [
    # 0.1, 0.2, ..., 1 of the rate in epochs 1 to 10, and 1.1 in epoch 11.
    dict(type='LinearLR', start_factor=0.1, begin=0, end=10, by_epoch=True),
    dict(type='MultiStepLR', milestones=[10], gamma=1.1),
    dict(type='MultiStepLR', milestones=[11], gamma=1 / 1.1),
    dict(type='MultiStepLR', milestones=[321, 361], gamma=0.1),
]

train_cfg = dict(max_epochs=400)
