# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The classes that a model fails most."""
import math
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ._checks import as_accuracy
from .aggregate import known_accuracies


@dataclass(frozen=True)
class WorstClass:
    """The class with the lowest accuracy.

    Attributes:
        accuracy (float): Its accuracy, a fraction; nan if none is known.
        index (int, optional): Its number, the smallest one if several classes
            are equally bad; None if no accuracy is known.
        tied (int): Classes with that accuracy, itself included.
        entered (int): Classes with a known accuracy.
    """
    accuracy: float
    index: Optional[int]
    tied: int
    entered: int


@dataclass(frozen=True)
class WorstFraction:
    """Mean accuracy of the worst classes.

    Attributes:
        accuracy (float): Mean over the ``taken`` worst classes, a fraction;
            nan if none is known.
        taken (int): Classes in the mean.
        entered (int): Classes with a known accuracy.
    """
    accuracy: float
    taken: int
    entered: int


def worst_class(accuracy) -> WorstClass:
    """The class with the lowest accuracy.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        WorstClass: Accuracy, class number, ties, classes that entered.
    """
    accuracy = as_accuracy(accuracy)
    known = ~np.isnan(accuracy)
    if not known.any():
        return WorstClass(np.nan, None, 0, 0)
    index = int(np.nanargmin(accuracy))
    lowest = float(accuracy[index])
    return WorstClass(lowest, index, int((accuracy == lowest).sum()),
                      int(known.sum()))


def worst_fraction(accuracy, fraction: float = 0.1) -> WorstFraction:
    """Mean accuracy of the worst part of the classes.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.
        fraction (float): Part of the known classes, in (0, 1]; rounded up to
            whole classes, so at least one is taken. Defaults to 0.1.

    Returns:
        WorstFraction: Mean accuracy, classes taken, classes that entered.

    Raises:
        ValueError: If fraction is outside (0, 1].
    """
    if not 0 < fraction <= 1:
        raise ValueError(
            f'fraction: expected a number in (0, 1], got {fraction}; 10 % '
            'is 0.1.')
    known = known_accuracies(accuracy)
    if not known.size:
        return WorstFraction(np.nan, 0, 0)
    # 0.1 * 70 is 7.000000000000001: rounding first keeps it 7.
    taken = math.ceil(round(fraction * known.size, 9))
    worst = np.partition(known, taken - 1)[:taken]
    return WorstFraction(float(worst.mean()), taken, known.size)
