# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# iNaturalist 2018 with the colours of training images changed as those of
# ImageNet-LT are.
_base_ = './inaturalist2018.py'

train_pipeline = [
    *_base_.train_pipeline[:-1],
    # torchvision's, as published: in an order drawn anew for each image.
    dict(type='NumpyToPIL', to_rgb=True),
    dict(
        type='torchvision/ColorJitter',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0),
    dict(type='PILToNumpy', to_bgr=True),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
