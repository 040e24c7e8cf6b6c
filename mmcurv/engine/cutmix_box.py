# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The region of an image that another one is pasted over.

Yun et al., CutMix, 2019, in the form of its code and that of CMO: the sides
are those of the image times sqrt(1 - lambda), the centre is uniform, and what
lies outside the image is cut off.
"""
import math
from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """Rows ``top`` to ``bottom`` - 1, columns ``left`` to ``right`` - 1."""
    top: int
    bottom: int
    left: int
    right: int


def draw_box(rng: np.random.Generator, height: int, width: int,
             share: float) -> Box:
    """A box of a share of 1 - ``share``, less where the border cuts it.

    Args:
        rng (np.random.Generator): For the centre.
        height (int): Of the image.
        width (int): Of the image.
        share (float): What is to be left of the image, 0 to 1.

    Returns:
        Box: Its sides are even before they are cut, and maybe 0.
    """
    side = math.sqrt(1 - share)
    half_height, half_width = int(height * side) // 2, int(width * side) // 2
    row, column = int(rng.integers(height)), int(rng.integers(width))
    return Box(
        top=max(row - half_height, 0),
        bottom=min(row + half_height, height),
        left=max(column - half_width, 0),
        right=min(column + half_width, width))


def share_outside(box: Box, height: int, width: int) -> float:
    """Share of the image that the box leaves, 0 to 1."""
    area = (box.bottom - box.top) * (box.right - box.left)
    return 1 - area / (height * width)
