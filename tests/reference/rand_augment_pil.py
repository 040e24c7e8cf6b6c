# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""RandAugment of the PaCo code in Pillow, one op at one level at a time.

The op names and the functions of a level from 0 to 10 are those of its file
``randaugment.py``; fill and interpolation are arguments here.
"""
from PIL import Image, ImageEnhance, ImageOps

FILL = (124, 116, 104)  # the mean of ImageNet


def factor(level):
    """Strength of colour, contrast, brightness and sharpness."""
    return level / 10 * 1.8 + 0.1


def kept_bits(level):
    return int(level / 10 * 4)


def threshold(level):
    return int(level / 10 * 256)


def affine(image, matrix, resample):
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        matrix,
        resample=resample,
        fillcolor=FILL)


def augmented(name, image, level, sign=1, resample=Image.BILINEAR):
    """An RGB image after one op.

    Args:
        name (str): Of the op, such as 'Posterize' or 'TranslateX'.
        image (Image): RGB.
        level (float): 0 to 10.
        sign (int): 1 or -1, the way of a move. Defaults to 1.
        resample (int): Of a move. Defaults to bilinear.
    """
    width, height = image.size
    shear = sign * level / 10 * 0.3
    share = sign * level / 10 * 0.45
    if name == 'AutoContrast':
        return ImageOps.autocontrast(image)
    if name == 'Equalize':
        return ImageOps.equalize(image)
    if name == 'Invert':
        return ImageOps.invert(image)
    if name == 'Posterize':
        return ImageOps.posterize(image, kept_bits(level))
    if name == 'Solarize':
        return ImageOps.solarize(image, threshold(level))
    if name == 'SolarizeAdd':
        added = int(level / 10 * 110)
        return image.point(3 * [
            min(255, value + added) if value < 128 else value
            for value in range(256)
        ])
    if name in ('Color', 'Contrast', 'Brightness', 'Sharpness'):
        return getattr(ImageEnhance, name)(image).enhance(factor(level))
    if name == 'Rotate':
        return image.rotate(
            sign * level / 10 * 30, resample=resample, fillcolor=FILL)
    matrices = dict(
        ShearX=(1, shear, 0, 0, 1, 0),
        ShearY=(1, 0, 0, shear, 1, 0),
        TranslateX=(1, 0, share * width, 0, 1, 0),
        TranslateY=(1, 0, 0, 0, 1, share * height))
    return affine(image, matrices[name], resample)
