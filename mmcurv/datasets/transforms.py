# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Transforms of published recipes that mmpretrain has in another form."""
from typing import Any, Dict

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmcurv.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ClippedCutout(BaseTransform):
    """Black out a square that may hang over the border of the image.

    DeVries and Taylor, *Improved Regularization of Convolutional Neural
    Networks with Cutout*, 2017, as the codes of balanced softmax and PaCo
    have it: the centre is any pixel, and what lies outside is cut off. Of a
    square of 16 x 16 on 32 x 32 pixels 196 of 256 are left on average. Those
    of mmcv are moved inside at the upper and left border, which leaves 229.

    Args:
        length (int): Side of the square in pixels, positive and even.

    Raises:
        ValueError: If ``length`` is not.

    Examples:
        >>> pipeline = [dict(type='mmcurv.ClippedCutout', length=16)]
    """

    def __init__(self, length: int):
        if length <= 0 or length % 2:
            raise ValueError('expected a positive even length of the square, '
                             f'got {length}.')
        self.half = length // 2

    @cache_randomness
    def random_centre(self, height: int, width: int) -> np.ndarray:
        """Row and column of any pixel."""
        return np.random.randint((height, width))

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Cut one image.

        Args:
            results (dict): With ``img``, (H, W) or (H, W, channels).

        Returns:
            dict: The same, with a copy of the image.
        """
        image = results['img'].copy()
        row, column = self.random_centre(*image.shape[:2])
        image[max(0, row - self.half):row + self.half,
              max(0, column - self.half):column + self.half] = 0
        results['img'] = image
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(length={2 * self.half})'
