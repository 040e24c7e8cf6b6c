# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A number made from the classes, and how many of them entered it."""
from dataclasses import dataclass

import numpy as np

from ._checks import as_accuracy


@dataclass(frozen=True)
class Aggregate:
    """One number over the classes.

    Attributes:
        value (float): nan if no class entered.
        entered (int): Number of classes with a known accuracy.
    """
    value: float
    entered: int

    def __float__(self) -> float:
        return self.value


def known_accuracies(accuracy) -> np.ndarray:
    """Accuracies of the classes that have one.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan for an absent class.

    Returns:
        np.ndarray: (entered,) float64, in the order of the classes.
    """
    accuracy = as_accuracy(accuracy)
    return accuracy[~np.isnan(accuracy)]


def class_mean(accuracy) -> Aggregate:
    """Mean of the per-class accuracies: every class counts the same.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: A fraction, and the number of classes that entered.
    """
    known = known_accuracies(accuracy)
    return Aggregate(float(known.mean()) if known.size else np.nan, known.size)
