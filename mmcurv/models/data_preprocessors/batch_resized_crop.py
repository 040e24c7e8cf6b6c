# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Crop windows of different sizes and resize them to one."""
import math
from typing import NamedTuple, Sequence, Tuple, Union

import torch
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS
from .pixel_values import height_and_width


class Windows(NamedTuple):
    """One window of each image, (B,) each.

    Attributes:
        tops (Tensor): First rows.
        lefts (Tensor): First columns.
        heights (Tensor): At least 1.
        widths (Tensor): At least 1.
    """
    tops: Tensor
    lefts: Tensor
    heights: Tensor
    widths: Tensor


def resize_windows(images: Tensor, windows: Windows, height: int,
                   width: int) -> Tensor:
    """Cut one window out of each image and resize it bilinearly.

    As OpenCV does, whose integer arithmetic may differ by 1: from two pixels
    in each direction, without smoothing, and with nothing from outside the
    window.

    Args:
        images (Tensor): (B, C, H, W).
        windows (Windows): Inside the images.
        height (int): Of the result.
        width (int): Of the result.

    Returns:
        Tensor: (B, C, height, width) of the dtype of the images.
    """
    resized = _resize_axis(images, windows.tops, windows.heights, height, 2)
    resized = _resize_axis(resized, windows.lefts, windows.widths, width, 3)
    if images.is_floating_point():
        return resized.to(images)
    return resized.round().to(images)


def draw_windows(batch: int, height: int, width: int,
                 crop_ratio_range: Tuple[float, float],
                 aspect_ratio_range: Tuple[float, float], max_attempts: int,
                 device: torch.device) -> Windows:
    """Draw windows of random area, aspect ratio and place.

    Args:
        batch (int): Number of windows B.
        height (int): Of the images.
        width (int): Of the images.
        crop_ratio_range (tuple[float, float]): Area of the window over that
            of the image, uniform.
        aspect_ratio_range (tuple[float, float]): Width over height, uniform
            in the logarithm.
        max_attempts (int): Draws until one fits into the image; after so many
            the window is the largest one at the centre.
        device (torch.device): Whose generator is used.

    Returns:
        Windows: Float tensors of whole numbers.
    """
    share, shape = torch.rand(2, batch, max_attempts, device=device)
    low, high = crop_ratio_range
    area = (low + (high - low) * share) * height * width
    low, high = map(math.log, aspect_ratio_range)
    ratio = (low + (high - low) * shape).exp()
    widths = (area * ratio).sqrt().round()  # (B, attempts)
    heights = (area / ratio).sqrt().round()
    fits = (widths > 0) & (widths <= width)
    fits &= (heights > 0) & (heights <= height)
    first = fits.float().argmax(1, keepdim=True)
    found = fits.any(1)
    central_height, central_width = _central(height, width, aspect_ratio_range)
    heights = torch.where(found,
                          heights.gather(1, first)[:, 0], central_height)
    widths = torch.where(found, widths.gather(1, first)[:, 0], central_width)
    down, right = torch.rand(2, batch, device=device)
    down = torch.where(found, (down * (height - heights + 1)).floor(),
                       (height - central_height) // 2)
    right = torch.where(found, (right * (width - widths + 1)).floor(),
                        (width - central_width) // 2)
    # Close to 1, the product is rounded up to its bound.
    return Windows(
        torch.minimum(down, height - heights),
        torch.minimum(right, width - widths), heights, widths)


@BATCH_TRANSFORMS.register_module()
class BatchRandomResizedCrop:
    """Resize random windows: ``RandomResizedCrop`` for batches, bilinear.

    Args:
        scale (int | Sequence[int]): Size of the result, (h, w) if two.
        crop_ratio_range (tuple[float, float]): See :func:`draw_windows`.
            Defaults to (0.08, 1.0).
        aspect_ratio_range (tuple[float, float]): See :func:`draw_windows`.
            Defaults to (0.75, 1.3333333333333333).
        max_attempts (int): See :func:`draw_windows`. Defaults to 10.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 scale: Union[int, Sequence[int]],
                 crop_ratio_range: Tuple[float, float] = (0.08, 1.0),
                 aspect_ratio_range: Tuple[float, float] = (3 / 4, 4 / 3),
                 max_attempts: int = 10):
        for name, (low, high) in (('crop_ratio_range', crop_ratio_range),
                                  ('aspect_ratio_range', aspect_ratio_range)):
            if not 0 < low <= high:
                raise ValueError(f'{name} must be two ascending positive '
                                 f'numbers, got {(low, high)}.')
        if max_attempts < 1:
            raise ValueError('max_attempts must be at least 1, got '
                             f'{max_attempts}.')
        self.scale = height_and_width(scale, 'scale')
        self.crop_ratio_range = tuple(crop_ratio_range)
        self.aspect_ratio_range = tuple(aspect_ratio_range)
        self.max_attempts = max_attempts

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, h, w)."""
        windows = draw_windows(
            len(images), *images.shape[2:], self.crop_ratio_range,
            self.aspect_ratio_range, self.max_attempts, images.device)
        return resize_windows(images, windows, *self.scale)


def _resize_axis(images: Tensor, starts: Tensor, sizes: Tensor, size: int,
                 axis: int) -> Tensor:
    starts, sizes = starts[:, None].float(), sizes[:, None].float()
    place = torch.arange(size, device=images.device) + 0.5
    place = (place * sizes / size - 0.5).clamp(min=0)  # (B, size)
    place = torch.minimum(place, sizes - 1)
    before = place.floor()
    share = place - before
    after = torch.minimum(before + 1, sizes - 1)
    shape = [len(images), 1, 1, 1]
    shape[axis] = size
    expanded = list(images.shape)
    expanded[axis] = size
    parts = [
        images.gather(axis,
                      (starts +
                       index).long().view(shape).expand(expanded)).float()
        for index in (before, after)
    ]
    return parts[0] + (parts[1] - parts[0]) * share.view(shape)


def _central(height: int, width: int, ratios: Tuple[float,
                                                    float]) -> Tuple[int, int]:
    """The largest central window whose aspect ratio is in its range."""
    ratio = width / height
    if ratio < min(ratios):
        return int(round(width / min(ratios))), width
    if ratio > max(ratios):
        return height, int(round(height * max(ratios)))
    return height, width
