# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes are taken for which."""
from typing import List, NamedTuple, Tuple

import numpy as np


class Confusion(NamedTuple):
    """Samples of one class that were predicted as another.

    Attributes:
        true (int): Class of the samples.
        predicted (int): Class they were taken for.
        count (int): Number of samples.
        share (float): Of all test samples of the true class.
    """
    true: int
    predicted: int
    count: int
    share: float


def confusions(labels: np.ndarray, predictions: np.ndarray,
               num_classes: int) -> List[Confusion]:
    """All pairs of classes that were confused, the most frequent first.

    No (C, C) table is made, so that many classes cost nothing.

    Args:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray): (N,) int64 in [0, C).
        num_classes (int): C.

    Returns:
        list[Confusion]: By falling count, then rising true and predicted
        class.
    """
    count = np.bincount(labels, minlength=num_classes)
    wrong = labels != predictions
    codes, times = np.unique(
        labels[wrong] * num_classes + predictions[wrong], return_counts=True)
    order = np.argsort(-times, kind='stable')
    return [
        Confusion(
            int(code // num_classes), int(code % num_classes), int(n),
            float(n / count[code // num_classes]))
        for code, n in zip(codes[order], times[order])
    ]


def top_of_each_class(found: List[Confusion]) -> dict:
    """The most frequent confusion of each class that has one, by class."""
    top = {}
    for confusion in found:
        top.setdefault(confusion.true, confusion)
    return top


def pairs_of(found: List[Confusion]) -> List[Tuple[int, int]]:
    """(true, predicted) of each confusion."""
    return [(confusion.true, confusion.predicted) for confusion in found]
