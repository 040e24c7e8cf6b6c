# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The view of SimCLR, for RGB images of 32 x 32: the second view of the PaCo
# code, from which its keys come. torchvision's transforms, because mmcv's
# change of hue fails with NumPy 2.
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
