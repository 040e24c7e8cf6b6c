# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Epochs that are given as a share of the training."""
import math
from numbers import Integral, Real
from typing import Any


def first_epoch_after(share: float, epochs: int) -> int:
    """The first epoch after a share of the training.

    Args:
        share (float): At least 0.
        epochs (int): Of the whole training.

    Returns:
        int: floor(share * epochs) + 1, counted from 1.

    Example:
        >>> first_epoch_after(0.8, 200)
        161
    """
    # 0.29 * 100 is a little less than 29.
    return math.floor(share * epochs + 1e-9) + 1


def check_epoch(**epochs: Any) -> None:
    """Raise ValueError for the first that is neither an epoch nor None."""
    for name, epoch in epochs.items():
        if epoch is None:
            continue
        whole = isinstance(epoch, Integral) and not isinstance(epoch, bool)
        if not whole or epoch < 1:
            raise ValueError(
                f'{name} is counted from 1, got {epoch!r}. Give a whole '
                'number, or None to have it from the length of the training.')


def check_start_share(**shares: Any) -> None:
    """Raise ValueError for the first that is not in [0, 1): after the whole
    training nothing begins."""
    for name, share in shares.items():
        if not isinstance(share, Real) or not 0 <= share < 1:
            raise ValueError(f'expected {name} of at least 0 and below 1, a '
                             f'share of the training, got {share!r}.')
