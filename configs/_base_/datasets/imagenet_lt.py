# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# ImageNet-LT: 115,846 training images of 1,000 classes, evaluated on its
# 50,000 test images, those of ImageNet's validation. "tools/prepare_data.py
# imagenet-lt" says where lists and images belong. 8 GPUs with 32 images each
# make the paper's batch of 256.
_base_ = './imagenet.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
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
train_dataloader = dict(
    batch_size=32,
    dataset=dict(type='mmcurv.ImageNetLT', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(type='mmcurv.ImageNetLT', split='test'))
test_dataloader = val_dataloader
