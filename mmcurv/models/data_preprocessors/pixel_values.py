# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checks and constants that the batch transforms share."""
from numbers import Number
from typing import Sequence, Tuple, Union

import torch
from torch import Tensor

PixelValue = Union[Number, Sequence[Number]]


def pixel_value(value: PixelValue, images: Tensor) -> Tensor:
    """A pixel that can be written into images.

    Args:
        value (Number | Sequence[Number]): For all channels, or one for each.
        images (Tensor): (B, C, H, W).

    Returns:
        Tensor: (1, 1, 1) or (C, 1, 1), of the dtype and device of the images.

    Raises:
        ValueError: If there is not one value for each channel.
    """
    pixel = torch.as_tensor(value, dtype=images.dtype, device=images.device)
    if pixel.numel() not in (1, images.shape[1]):
        raise ValueError(f'expected one pad_val, or {images.shape[1]} for as '
                         f'many channels, got {value}.')
    return pixel.reshape(-1, 1, 1)


def height_and_width(size: Union[int, Sequence[int]],
                     name: str) -> Tuple[int, int]:
    """Both sides of a size that is one number where they are equal.

    Raises:
        ValueError: If it is not one or two positive integers.
    """
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or any(not isinstance(side, int) or side < 1
                              for side in sides):
        raise ValueError(f'{name} must be one or two positive integers (h, '
                         f'w), got {size}.')
    return sides


def check_probability(prob: float) -> None:
    """Raise ValueError unless it is from 0 to 1."""
    if not 0 <= prob <= 1:
        raise ValueError(f'prob must be from 0 to 1, got {prob}.')
