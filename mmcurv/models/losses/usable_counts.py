# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class counts that a loss can be built on."""
from typing import Any

import numpy as np
import torch
from torch import Tensor


def usable_counts(counts: Any) -> Tensor:
    """Class counts as a vector, if a loss can be built on them.

    Args:
        counts (Sequence[int] | np.ndarray | Tensor): (C,) training images of
            every class.

    Returns:
        Tensor: (C,) float64, all at least 1.

    Raises:
        ValueError: If they are not a vector of at least two whole numbers, or
            a class has no image: its margin, prior or weight is infinite or
            zero.
    """
    if isinstance(counts, Tensor):
        counts = counts.cpu()
    array = np.asarray(counts)
    if array.ndim != 1 or array.size < 2:
        raise ValueError('expected class counts of at least two classes, one '
                         f'number for each, got shape {array.shape}: '
                         f'{counts!r}.')
    if array.dtype.kind not in 'iuf' or (array != np.round(array)).any():
        raise ValueError('expected class counts as whole numbers, got '
                         f'{counts!r}. Give the numbers of training images.')
    missing = np.flatnonzero(array < 1)
    if missing.size:
        raise ValueError(
            'expected at least one training image of every class, got '
            f'{array[missing[0]]:.0f} for class {missing[0]}, and such counts '
            f'for {missing.size} of {array.size} classes: a loss that depends '
            'on class counts is not defined then. Take another split, or '
            'leave the empty classes out of the data set and of num_classes.')
    return torch.from_numpy(array.astype(np.float64))
