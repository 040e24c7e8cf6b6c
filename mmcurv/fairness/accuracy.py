# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Accuracy of every class, its means, and the worst classes.

No mean adds a constant to the accuracies: with one class at 0 the harmonic
and the geometric mean are 0, and that is the answer.
"""
import math
from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np
from scipy.special import logsumexp

from .checks import as_accuracy, as_integers, check_same_length


@dataclass(frozen=True, eq=False)
class ClassAccuracy:
    """Accuracy of every class.

    Attributes:
        accuracy (np.ndarray): (C,) fractions; nan for a class that the test
            set does not hold.
        correct (np.ndarray): (C,) int64, test images of the class that were
            predicted as it.
        count (np.ndarray): (C,) int64, test images of the class.
    """
    accuracy: np.ndarray
    correct: np.ndarray
    count: np.ndarray

    @property
    def overall(self) -> float:
        """Fraction of all test images that are correct; nan if none."""
        total = int(self.count.sum())
        return int(self.correct.sum()) / total if total else np.nan


def class_accuracy(labels,
                   predictions,
                   num_classes: Optional[int] = None) -> ClassAccuracy:
    """Accuracy of every class.

    Args:
        labels: (n,) integers in [0, C), the true classes.
        predictions: (n,) integers in [0, C), the predicted classes.
        num_classes (int, optional): C. Give it whenever it is known: without
            it, classes above the largest label or prediction are not seen to
            be absent. Defaults to None, the largest of both plus one.

    Returns:
        ClassAccuracy: ``accuracy``, ``correct`` and ``count``, each (C,).

    Raises:
        TypeError: If labels or predictions are not integers.
        ValueError: If the lengths differ or a label or prediction lies outside
            [0, C).
    """
    labels = as_integers('labels', labels)
    predictions = as_integers('predictions', predictions)
    check_same_length(labels=labels, predictions=predictions)
    if num_classes is None:
        num_classes = 1 + int(
            max(labels.max(initial=-1), predictions.max(initial=-1)))
    for name, values in (('labels', labels), ('predictions', predictions)):
        outside = (values < 0) | (values >= num_classes)
        if outside.any():
            first = int(outside.argmax())
            raise ValueError(
                f'{name}: expected classes 0 to {num_classes - 1} '
                f'(num_classes={num_classes}), got {outside.sum()} of '
                f'{values.size} outside, the first {values[first]} at '
                f'position {first}; check num_classes and ignored labels.')
    count = np.bincount(labels, minlength=num_classes)  # (C,)
    correct = np.bincount(
        labels[labels == predictions], minlength=num_classes)  # (C,)
    accuracy = np.full(num_classes, np.nan)
    np.divide(correct, count, out=accuracy, where=count > 0)
    return ClassAccuracy(accuracy, correct, count)


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
    """(entered,) float64: the accuracies that are not nan, in order."""
    accuracy = as_accuracy(accuracy)
    return accuracy[~np.isnan(accuracy)]


def aggregate(accuracy, number: Callable) -> Aggregate:
    """The number of the accuracies (entered,) of the classes that have one."""
    known = known_accuracies(accuracy)
    value = float(number(known)) if known.size else np.nan
    return Aggregate(value, known.size)


def class_mean(accuracy) -> Aggregate:
    """Mean of the per-class accuracies: every class counts the same.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: A fraction, and the number of classes that entered.
    """
    return aggregate(accuracy, np.mean)


def harmonic_mean(accuracy) -> Aggregate:
    """Harmonic mean C / sum_c (1 / A_c), in the log domain.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1]; 0 if a class is at 0.
    """
    return aggregate(
        accuracy,
        lambda known: np.exp(np.log(known.size) - logsumexp(-_log(known))))


def geometric_mean(accuracy) -> Aggregate:
    """Geometric mean (prod_c A_c)^(1/C), in the log domain.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1]; 0 if a class is at 0.
    """
    return aggregate(accuracy, lambda known: np.exp(_log(known).mean()))


def _log(known: np.ndarray) -> np.ndarray:
    with np.errstate(divide='ignore'):  # log 0 = -inf is meant
        return np.log(known)


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


def classes_in(fraction: float, size: int) -> int:
    """Classes in a part of ``size`` of them, rounded up."""
    # 0.1 * 70 is 7.000000000000001: rounding first keeps it 7.
    return math.ceil(round(fraction * size, 9))


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
    return WorstFraction(
        float(worst_of(known, fraction)), classes_in(fraction, known.size),
        known.size)


def worst_of(accuracy: np.ndarray, fraction: float) -> np.ndarray:
    """Mean of the worst part of the classes along the last axis, (..., C)."""
    taken = classes_in(fraction, accuracy.shape[-1])
    return np.partition(accuracy, taken - 1, -1)[..., :taken].mean(-1)
