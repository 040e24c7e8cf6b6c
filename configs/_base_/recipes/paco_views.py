# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The views of the PaCo code at 224 pixels, of files that are read as BGR:
# stacked_view for ImageNet-LT and rand_view for iNaturalist 2018, from which
# the queries come, and second_view, from which the keys come. RandAugment is
# that of its code, op by op; all else in colours is torchvision's.
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
# Two of 15 ops, each with probability 0.5. The level is drawn from N(10, 0.5)
# and cut at 10, its largest. Where the code rounds down mmpretrain rounds up,
# so that two ranges lie 1 lower, and a little higher than that.
just = 1e-6
colours = dict(magnitude_range=(-0.9, 0.9), random_negative_prob=0.)
ops = [
    dict(type='AutoContrast'),
    dict(type='Equalize'),
    dict(type='Invert'),
    # 4 bits stay at level 10, 3 below it.
    dict(type='Posterize', magnitude_range=(just - 1, just + 3)),
    # No pixel is above the threshold at level 10.
    dict(type='Solarize', magnitude_range=(just - 1, just + 255)),
    dict(type='SolarizeAdd', magnitude_range=(0, 110)),
    # Factors from 0.1 to 1.9 of the level, never from strong to weak.
    dict(type='ColorTransform', **colours),
    dict(type='Contrast', **colours),
    dict(type='Brightness', **colours),
    dict(type='Sharpness', **colours),
]
moves = [
    dict(type='Rotate', magnitude_range=(0, 30)),
    dict(type='Shear', magnitude_range=(0, 0.3), direction='horizontal'),
    dict(type='Shear', magnitude_range=(0, 0.3), direction='vertical'),
    dict(type='Translate', magnitude_range=(0, 0.45), direction='horizontal'),
    dict(type='Translate', magnitude_range=(0, 0.45), direction='vertical'),
]
rand_augment = dict(
    type='RandAugment',
    # Each twice, so that moves interpolate in one of two ways by chance.
    policies=2 * ops + [
        dict(interpolation=way, **move) for way in ('bilinear', 'bicubic')
        for move in moves
    ],
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
del crop, flip, to_pil, to_numpy, jitter, gray, blur
del just, colours, ops, moves, rand_augment
