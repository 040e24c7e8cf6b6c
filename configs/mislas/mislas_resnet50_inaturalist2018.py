# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on iNaturalist 2018, own recipe.
_base_ = ['../_base_/inaturalist2018.py', '../_base_/stages/mislas.py']

data_preprocessor = dict(
    # These its code has for iNaturalist.
    mean=[118.83, 120.105, 96.9],
    std=[49.725, 49.47, 48.96])

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=0.2))

# For batches of 256: 200 epochs, the rate on a cosine from epoch to epoch, and
# colours changed as those of ImageNet-LT are.
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
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(weight_decay=1e-4))

param_scheduler = [dict(type='CosineAnnealingLR', T_max=200)]

auto_scale_lr = dict(base_batch_size=256)

stages = _base_.stages
stages[1].update(norm='train', of=200)
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.05)})
