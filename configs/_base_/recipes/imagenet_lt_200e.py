# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The recipe that the paper states for ImageNet-LT, for batches of 256, 32 on
# each of 8 GPUs. "All models are trained for 200 epochs", the rate decays
# "linearly": to 0, as we read it. "--with" brings it into a config of a method
# that has its own.
image_size = 224

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
    batch_size=32, drop_last=False, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=False))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.,
        end_factor=0.,
        begin=0,
        end=200,
        by_epoch=True,
        convert_to_iter_based=True),
]

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=256, enable=False)
