# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Pad images and crop each of them at a place of its own."""
from typing import Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS
from .pixel_values import PixelValue, height_and_width, pixel_value

PADDING_MODES = ('constant', 'edge', 'reflect', 'symmetric')


def pad_images(images: Tensor,
               padding: Union[int, Sequence[int]],
               pad_val: PixelValue = 0,
               padding_mode: str = 'constant') -> Tensor:
    """Pad images as mmcv's ``impad``.

    Args:
        images (Tensor): (B, C, H, W).
        padding (int | Sequence[int]): Of all sides, or (left and right, top
            and bottom), or (left, top, right, bottom).
        pad_val (Number | Sequence[Number]): Constant, for all channels or
            each. Defaults to 0.
        padding_mode (str): 'constant', 'edge', 'reflect' or 'symmetric', as
            in ``numpy.pad``. Defaults to 'constant'.

    Returns:
        Tensor: (B, C, H + top + bottom, W + left + right).
    """
    left, top, right, bottom = _four_sides(padding)
    batch, channels, height, width = images.shape
    if padding_mode != 'constant':
        rows = np.pad(np.arange(height), (top, bottom), padding_mode)
        columns = np.pad(np.arange(width), (left, right), padding_mode)
        rows, columns = (
            torch.from_numpy(index).to(images.device)
            for index in (rows, columns))
        return images.index_select(2, rows).index_select(3, columns)
    shape = batch, channels, height + top + bottom, width + left + right
    padded = images.new_empty(shape)
    padded[:] = pixel_value(pad_val, images)
    padded[..., top:top + height, left:left + width] = images
    return padded


def crop_images(images: Tensor, tops: Tensor, lefts: Tensor, height: int,
                width: int) -> Tensor:
    """Cut one window out of each image.

    Args:
        images (Tensor): (B, C, H, W).
        tops (Tensor): (B,) int64, 0 to H - ``height``.
        lefts (Tensor): (B,) int64, 0 to W - ``width``.
        height (int): Of the windows.
        width (int): Of the windows.

    Returns:
        Tensor: (B, C, height, width).
    """
    windows = images.unfold(2, height, 1).unfold(3, width, 1)
    batch = torch.arange(len(images), device=images.device)
    return windows[batch, :, tops, lefts]


@BATCH_TRANSFORMS.register_module()
class BatchRandomCrop:
    """Crop each image at a random place, all places equally often.

    mmpretrain's ``RandomCrop`` for whole batches, with one departure: that
    one pads with ``pad_val`` whatever ``padding_mode`` says, this one as it
    is told.

    Args:
        crop_size (int | Sequence[int]): Of the result, (h, w) if two.
        padding (int | Sequence[int], optional): Before the crop, see
            :func:`pad_images`. Defaults to None.
        pad_val (Number | Sequence[Number]): See :func:`pad_images`. Defaults
            to 0.
        padding_mode (str): See :func:`pad_images`. Defaults to 'constant'.

    Raises:
        ValueError: If an argument is out of its range, or images are smaller
            than the crop.
    """

    def __init__(self,
                 crop_size: Union[int, Sequence[int]],
                 padding: Optional[Union[int, Sequence[int]]] = None,
                 pad_val: PixelValue = 0,
                 padding_mode: str = 'constant'):
        if padding_mode not in PADDING_MODES:
            raise ValueError(f'padding_mode must be one of {PADDING_MODES}, '
                             f'got {padding_mode!r}.')
        self.crop_size = height_and_width(crop_size, 'crop_size')
        self.padding = _four_sides(padding or 0)
        self.pad_val = pad_val
        self.padding_mode = padding_mode

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, h, w)."""
        images = pad_images(images, self.padding, self.pad_val,
                            self.padding_mode)
        height, width = self.crop_size
        down = images.shape[2] - height
        right = images.shape[3] - width
        if down < 0 or right < 0:
            raise ValueError(
                f'expected images of at least {self.crop_size} to crop, got '
                f'{tuple(images.shape[2:])} after padding. Lower crop_size, '
                'or raise padding.')
        draw = dict(size=(len(images), ), device=images.device)
        tops = torch.randint(down + 1, **draw)
        lefts = torch.randint(right + 1, **draw)
        return crop_images(images, tops, lefts, height, width)


def _four_sides(padding: Union[int, Sequence[int]]) -> Sequence[int]:
    """Padding (left, top, right, bottom)."""
    sides = (padding, ) if isinstance(padding, int) else tuple(padding)
    if len(sides) not in (1, 2, 4) or min(sides) < 0:
        raise ValueError('padding must be one, two or four integers of at '
                         f'least 0, got {padding}.')
    return sides * (4 // len(sides))
