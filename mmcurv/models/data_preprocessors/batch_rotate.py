# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Turn each image by an angle of its own."""
import torch
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS
from .pixel_values import PixelValue, check_probability, pixel_value


def rotate_images(images: Tensor,
                  angles: Tensor,
                  pad_val: PixelValue = 0) -> Tensor:
    """Rotate about the centre, by the nearest pixel.

    mmcv's ``imrotate(..., interpolation='nearest')``, but for pixels that lie
    half way between two others, which it may round to the other one.

    Args:
        images (Tensor): (B, C, H, W).
        angles (Tensor): (B,) degrees, clockwise.
        pad_val (Number | Sequence[Number]): Of what comes from outside, for
            all channels or each. Defaults to 0.

    Returns:
        Tensor: (B, C, H, W).
    """
    batch, channels, height, width = images.shape
    turn = torch.deg2rad(angles.float())[:, None, None]
    cos, sin = turn.cos(), turn.sin()  # (B, 1, 1)
    y, x = (
        torch.arange(side, device=images.device) - (side - 1) / 2
        for side in (height, width))
    y = y[:, None]
    columns = (cos * x + sin * y + (width - 1) / 2).round().long()  # (B, H, W)
    rows = (cos * y - sin * x + (height - 1) / 2).round().long()
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    source = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    source = source.view(batch, 1, -1).expand(-1, channels, -1)
    rotated = images.flatten(2).gather(2, source).view_as(images)
    return torch.where(inside[:, None], rotated, pixel_value(pad_val, images))


@BATCH_TRANSFORMS.register_module()
class BatchRotate:
    """Rotate each image by an angle, uniform between two opposite ones.

    mmpretrain's ``Rotate`` with ``magnitude_range=(0, max_angle)``,
    ``magnitude_level=10``, ``magnitude_std='inf'`` and its nearest-pixel
    interpolation, for whole batches.

    Args:
        max_angle (float): Degrees, at least 0; either way equally often.
        prob (float): Probability that an image is rotated. Defaults to 0.5.
        pad_val (Number | Sequence[Number]): See :func:`rotate_images`.
            Defaults to 128.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 max_angle: float,
                 prob: float = 0.5,
                 pad_val: PixelValue = 128):
        check_probability(prob)
        if max_angle < 0:
            raise ValueError('max_angle must be at least 0 degrees, got '
                             f'{max_angle}.')
        self.max_angle = max_angle
        self.prob = prob
        self.pad_val = pad_val

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        uniform, chance = torch.rand(2, len(images), device=images.device)
        angles = self.max_angle * (2 * uniform - 1)
        angles = torch.where(chance < self.prob, angles, 0.)
        return rotate_images(images, angles, self.pad_val)
