# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes are the rare ones."""
from typing import Sequence

import numpy as np


def tail_classes(counts: Sequence[int], share: float = 0.5) -> np.ndarray:
    """The classes with the fewest images.

    Args:
        counts (Sequence[int]): (C,) training images of every class.
        share (float): Of the classes that are rare, above 0 and below 1; the
            number is rounded down. Defaults to 0.5.

    Returns:
        np.ndarray: (C,) bool. Among classes of one size the later ones are
        the rarer.

    Raises:
        ValueError: If ``share`` is out of its range, or no class is left on
            one of the two sides.
    """
    if not 0 < share < 1:
        raise ValueError('expected a share of rare classes above 0 and below '
                         f'1, got {share}.')
    counts = np.asarray(counts)
    number = int(share * len(counts))
    if number < 1:
        raise ValueError(
            f'expected at least one rare class, but a share of {share} of '
            f'{len(counts)} classes is none. Give a larger share.')
    order = np.lexsort((-np.arange(len(counts)), counts))
    rare = np.zeros(len(counts), bool)
    rare[order[:number]] = True
    return rare
