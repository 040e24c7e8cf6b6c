# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Accuracy of every class, with the counts it stands on."""
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ._checks import as_integers, check_same_length


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
        _check_range(name, values, num_classes)

    count = np.bincount(labels, minlength=num_classes)  # (C,)
    correct = np.bincount(
        labels[labels == predictions], minlength=num_classes)  # (C,)
    accuracy = np.full(num_classes, np.nan)
    np.divide(correct, count, out=accuracy, where=count > 0)
    return ClassAccuracy(accuracy, correct, count)


def _check_range(name: str, values: np.ndarray, num_classes: int) -> None:
    outside = (values < 0) | (values >= num_classes)
    if outside.any():
        first = int(outside.argmax())
        raise ValueError(
            f'{name}: expected classes 0 to {num_classes - 1} '
            f'(num_classes={num_classes}), got {outside.sum()} of '
            f'{values.size} outside, the first {values[first]} at position '
            f'{first}; check num_classes and ignored labels.')
