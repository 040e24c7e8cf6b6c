# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Padded crop, flip, AutoAugment with its 25 pairs for CIFAR-10, and Cutout of
# 16 x 16 pixels: the training images of the Balanced Meta-Softmax code. Strong
# transforms of colour take the channels for BGR; on RGB images the weights of
# red and blue in a gray value change places.
strong_pipeline = [
    dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='AutoAugment',
        hparams=dict(pad_val=128),
        policies=[
            [
                dict(type='Invert', prob=0.1),
                dict(type='Contrast', magnitude=0.6, prob=0.2),
            ],
            [
                dict(type='Rotate', angle=30 / 9 * 2, prob=0.7),
                dict(
                    type='Translate',
                    magnitude=150 / 331,
                    direction='horizontal',
                    prob=0.3),
            ],
            [
                dict(type='Sharpness', magnitude=0.1, prob=0.8),
                dict(type='Sharpness', magnitude=0.3, prob=0.9),
            ],
            [
                dict(
                    type='Shear',
                    magnitude=0.3 / 9 * 8,
                    direction='vertical',
                    prob=0.5),
                dict(
                    type='Translate',
                    magnitude=150 / 331,
                    direction='vertical',
                    prob=0.7),
            ],
            [
                dict(type='AutoContrast', prob=0.5),
                dict(type='Equalize', prob=0.9),
            ],
            [
                dict(
                    type='Shear',
                    magnitude=0.3 / 9 * 7,
                    direction='vertical',
                    prob=0.2),
                dict(type='Posterize', bits=5, prob=0.3),
            ],
            [
                dict(type='ColorTransform', magnitude=0.3, prob=0.4),
                dict(type='Brightness', magnitude=0.7, prob=0.6),
            ],
            [
                dict(type='Sharpness', magnitude=0.9, prob=0.3),
                dict(type='Brightness', magnitude=0.9, prob=0.7),
            ],
            [
                dict(type='Equalize', prob=0.6),
                dict(type='Equalize', prob=0.5),
            ],
            [
                dict(type='Contrast', magnitude=0.7, prob=0.6),
                dict(type='Sharpness', magnitude=0.5, prob=0.6),
            ],
            [
                dict(type='ColorTransform', magnitude=0.7, prob=0.7),
                dict(
                    type='Translate',
                    magnitude=150 / 331 / 9 * 8,
                    direction='horizontal',
                    prob=0.5),
            ],
            [
                dict(type='Equalize', prob=0.3),
                dict(type='AutoContrast', prob=0.4),
            ],
            [
                dict(
                    type='Translate',
                    magnitude=150 / 331 / 9 * 3,
                    direction='vertical',
                    prob=0.4),
                dict(type='Sharpness', magnitude=0.6, prob=0.2),
            ],
            [
                dict(type='Brightness', magnitude=0.6, prob=0.9),
                dict(type='ColorTransform', magnitude=0.8, prob=0.2),
            ],
            [
                dict(type='Solarize', thr=256 / 9 * 7, prob=0.5),
                dict(type='Invert', prob=0.),
            ],
            [
                dict(type='Equalize', prob=0.2),
                dict(type='AutoContrast', prob=0.6),
            ],
            [
                dict(type='Equalize', prob=0.2),
                dict(type='Equalize', prob=0.6),
            ],
            [
                dict(type='ColorTransform', magnitude=0.9, prob=0.9),
                dict(type='Equalize', prob=0.6),
            ],
            [
                dict(type='AutoContrast', prob=0.8),
                dict(type='Solarize', thr=256 / 9 * 1, prob=0.2),
            ],
            [
                dict(type='Brightness', magnitude=0.3, prob=0.1),
                dict(type='ColorTransform', magnitude=0., prob=0.7),
            ],
            [
                dict(type='Solarize', thr=256 / 9 * 4, prob=0.4),
                dict(type='AutoContrast', prob=0.9),
            ],
            [
                dict(
                    type='Translate',
                    magnitude=150 / 331,
                    direction='vertical',
                    prob=0.9),
                dict(
                    type='Translate',
                    magnitude=150 / 331,
                    direction='vertical',
                    prob=0.7),
            ],
            [
                dict(type='AutoContrast', prob=0.9),
                dict(type='Solarize', thr=256 / 9 * 6, prob=0.8),
            ],
            [
                dict(type='Equalize', prob=0.8),
                dict(type='Invert', prob=0.1),
            ],
            [
                dict(
                    type='Translate',
                    magnitude=150 / 331,
                    direction='vertical',
                    prob=0.7),
                dict(type='AutoContrast', prob=0.9),
            ],
        ]),
    dict(type='mmcurv.ClippedCutout', length=16),
    dict(type='PackInputs'),
]
