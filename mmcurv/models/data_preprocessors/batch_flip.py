# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mirror some images of a batch."""
import torch
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS
from .pixel_values import check_probability

AXES = dict(horizontal=3, vertical=2)


def flip_images(images: Tensor,
                chosen: Tensor,
                direction: str = 'horizontal') -> Tensor:
    """Mirror the chosen images.

    Args:
        images (Tensor): (B, C, H, W).
        chosen (Tensor): (B,) bool.
        direction (str): 'horizontal' swaps left and right, 'vertical' top
            and bottom. Defaults to 'horizontal'.

    Returns:
        Tensor: (B, C, H, W).
    """
    axis = AXES[direction]
    order = torch.arange(images.shape[axis], device=images.device)
    order = torch.where(chosen[:, None], order.flip(0), order)  # (B, side)
    shape = [len(images), 1, 1, 1]
    shape[axis] = -1
    # A gather waits for no device, where a mask as an index would.
    return images.gather(axis, order.view(shape).expand_as(images))


@BATCH_TRANSFORMS.register_module()
class BatchRandomFlip:
    """Mirror each image with a probability: ``RandomFlip`` for batches.

    Args:
        prob (float): Probability, 0 to 1.
        direction (str): 'horizontal' or 'vertical'. Defaults to
            'horizontal'.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, prob: float, direction: str = 'horizontal'):
        check_probability(prob)
        if direction not in AXES:
            raise ValueError(f'direction must be one of {tuple(AXES)}, got '
                             f'{direction!r}.')
        self.prob = prob
        self.direction = direction

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        chosen = torch.rand(len(images), device=images.device) < self.prob
        return flip_images(images, chosen, self.direction)
