# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Overwrite one rectangle of each image."""
from typing import Sequence, Union

import torch
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS
from .pixel_values import (PixelValue, check_probability, height_and_width,
                           pixel_value)


def cut_out(images: Tensor,
            tops: Tensor,
            lefts: Tensor,
            height: int,
            width: int,
            pad_val: PixelValue = 0) -> Tensor:
    """Overwrite a rectangle of each image; what lies outside is cut off.

    Args:
        images (Tensor): (B, C, H, W).
        tops (Tensor): (B,) first rows.
        lefts (Tensor): (B,) first columns.
        height (int): Of the rectangles.
        width (int): Of the rectangles.
        pad_val (Number | Sequence[Number]): Of the rectangles, for all
            channels or each. Defaults to 0.

    Returns:
        Tensor: (B, C, H, W).
    """
    rows = torch.arange(images.shape[2], device=images.device)
    columns = torch.arange(images.shape[3], device=images.device)
    rows = (rows >= tops[:, None]) & (rows < tops[:, None] + height)  # (B, H)
    columns = ((columns >= lefts[:, None]) & (columns < lefts[:, None] + width)
               )  # (B, W)
    cut = rows[:, None, :, None] & columns[:, None, None, :]
    return torch.where(cut, pixel_value(pad_val, images), images)


@BATCH_TRANSFORMS.register_module()
class BatchCutout:
    """Overwrite one rectangle of each image: ``Cutout`` for batches.

    As in mmpretrain the centre is uniform over the image; a rectangle that
    reaches beyond the top or left border is moved inside, one that reaches
    beyond the others is cut.

    Args:
        shape (int | Sequence[int]): Of the rectangle, (h, w) if two.
        prob (float): Probability that an image is changed. Defaults to 0.5.
        pad_val (Number | Sequence[Number]): See :func:`cut_out`. Defaults to
            128.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 shape: Union[int, Sequence[int]],
                 prob: float = 0.5,
                 pad_val: PixelValue = 128):
        check_probability(prob)
        self.shape = height_and_width(shape, 'shape')
        self.prob = prob
        self.pad_val = pad_val

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        y, x, chance = torch.rand(3, len(images), device=images.device)
        height, width = self.shape
        tops = (y * images.shape[2] - height / 2).clamp(min=0).floor()
        lefts = (x * images.shape[3] - width / 2).clamp(min=0).floor()
        # An image that is not chosen has its rectangle below the last row.
        tops = torch.where(chance < self.prob, tops, images.shape[2])
        return cut_out(images, tops, lefts, height, width, self.pad_val)
