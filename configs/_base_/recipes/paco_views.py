# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The views of the PaCo code at 224 pixels, of files that are read as BGR:
# stacked_view for ImageNet-LT and rand_view for iNaturalist 2018, from which
# the queries come, and second_view, from which the keys come. RandAugment is
# mmpretrain's, all else in colours torchvision's.
crop = dict(type='RandomResizedCrop', scale=224)
flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')
to_pil = dict(type='NumpyToPIL', to_rgb=True)
to_numpy = dict(type='PILToNumpy', to_bgr=True)
jitter = dict(
    type='torchvision/ColorJitter',
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0)
gray = dict(type='torchvision/RandomGrayscale', p=0.2)
blur = dict(
    type='GaussianBlur',
    magnitude_range=(0.1, 2.),
    magnitude_std='inf',  # any radius between
    prob=0.5)
rand_augment = dict(
    type='RandAugment',
    policies='timm_increasing',
    num_policies=2,
    magnitude_level=10,
    magnitude_std=0.5,
    hparams=dict(pad_val=[104, 116, 124]))

plain_view = [crop, flip]
jittered_view = [crop, flip, to_pil, jitter, to_numpy]
rand_view = [crop, flip, to_pil, jitter, to_numpy, rand_augment]
stacked_view = [crop, flip, to_pil, jitter, gray, to_numpy, blur, rand_augment]
second_view = [crop, to_pil, jitter, gray, to_numpy, blur, flip]

# A dumped config needs the views alone.
del crop, flip, to_pil, to_numpy, jitter, gray, blur, rand_augment
