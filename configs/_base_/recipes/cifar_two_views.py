# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Images of 32 x 32 in two views, as PaCo needs them: the usual one, and that
# of SimCLR, from which its keys come. torchvision's transforms, because
# mmcv's change of hue fails with NumPy 2. A queue of keys takes whole batches.
# "--with" this file after cifar_200e.py gives PaCo in the common recipe.
usual_view = [
    dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]
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

train_pipeline = [
    dict(
        type='MultiView',
        num_views=[1, 1],
        transforms=[usual_view, second_view]),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    drop_last=True, dataset=dict(dataset=dict(pipeline=train_pipeline)))
