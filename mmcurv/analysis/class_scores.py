# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is known of the accuracy of each class, and from where."""
import math
from typing import NamedTuple, Optional

import numpy as np

from mmcurv.fairness import class_accuracy, wilson_interval
from .feature_bank import FeatureBank

TOLERANCE = 1e-3  # class_accuracy may have been rounded


class ClassScores(NamedTuple):
    """Accuracy of C classes; each field has shape (C,).

    Attributes:
        accuracy (np.ndarray): Fractions; nan where not known.
        correct (np.ndarray, optional): Correct test samples; None if only
            fractions are known.
        count (np.ndarray, optional): Test samples; likewise.
        low (np.ndarray): Lower end of the 95 % Wilson interval; nan without
            counts.
        high (np.ndarray): Its upper end.
        overall (float): Fraction of all test samples; nan without counts.
        source (str, optional): 'predictions', 'class_accuracy' or None.
        disagreement (float): Largest difference between the accuracy of the
            predictions and a given class_accuracy; 0 if only one is there.
    """
    accuracy: np.ndarray
    correct: Optional[np.ndarray]
    count: Optional[np.ndarray]
    low: np.ndarray
    high: np.ndarray
    overall: float
    source: Optional[str]
    disagreement: float


def class_scores(bank: FeatureBank) -> ClassScores:
    """Accuracy of each class: from predictions, else as the bank gives it.

    Args:
        bank (FeatureBank): With predictions, class_accuracy, both or none.

    Returns:
        ClassScores: See there.

    Raises:
        ValueError: If the bank holds no sample.
    """
    if not len(bank.labels):
        raise ValueError('expected test samples, got an empty test set. '
                         'Check the split, or what wrote the features.')
    absent = np.full(bank.num_classes, math.nan)
    given = absent if bank.class_accuracy is None else bank.class_accuracy
    if bank.predictions is None:
        source = None if bank.class_accuracy is None else 'class_accuracy'
        return ClassScores(given, None, None, absent, absent, math.nan, source,
                           0.)
    found = class_accuracy(bank.labels, bank.predictions, bank.num_classes)
    interval = wilson_interval(found.correct, found.count)
    apart = np.abs(found.accuracy - given)
    apart = apart[~np.isnan(apart)]
    return ClassScores(found.accuracy, found.correct, found.count,
                       interval.low, interval.high, found.overall,
                       'predictions', float(apart.max(initial=0)))
