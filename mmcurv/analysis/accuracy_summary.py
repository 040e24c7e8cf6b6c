# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Numbers over all classes, each with an interval."""
import math
from typing import Callable, Dict, Optional, Sequence

import numpy as np

from mmcurv.fairness import (accuracy_variance, class_mean, gini, group_names,
                             max_min_bias, wilson_interval, worst_class,
                             worst_fraction)
from .audit_options import AuditOptions
from .class_scores import ClassScores

RESAMPLES = 1000
CONFIDENCE = 0.95
STATISTICS: Dict[str, Callable] = dict(
    class_mean=lambda accuracy: class_mean(accuracy).value,
    variance=lambda accuracy: accuracy_variance(accuracy).value,
    bias=lambda accuracy: max_min_bias(accuracy).value,
    gini=lambda accuracy: gini(accuracy).value,
    worst_class=lambda accuracy: worst_class(accuracy).accuracy,
    worst_10pct=lambda accuracy: worst_fraction(accuracy).accuracy,
)


def accuracy_summary(scores: ClassScores, train_counts: Optional[np.ndarray],
                     class_names: Sequence[str],
                     options: AuditOptions) -> Dict[str, dict]:
    """Summary of class accuracies, as fractions.

    Args:
        scores (ClassScores): Of C classes.
        train_counts (np.ndarray, optional): (C,) training images; None leaves
            the groups out.
        class_names (Sequence[str]): C names.
        options (AuditOptions): Thresholds of the groups, and the seed.

    Returns:
        dict: Name to ``value``, ``low``, ``high``, and ``entered``, the number
        of classes with a known accuracy; groups also have ``classes``, the
        worst class ``class`` and ``name``. The interval of overall is
        Wilson's over samples; the others are percentile bootstraps over
        classes, which for the worst class can only reach up.
    """
    summary = dict(overall=_overall(scores))
    for name, statistic in STATISTICS.items():
        summary[name] = _entry(scores.accuracy, statistic, options.seed)
    worst = worst_class(scores.accuracy)
    name = None if worst.index is None else class_names[worst.index]
    summary['worst_class'].update({'class': worst.index, 'name': name})
    groups = None
    if train_counts is not None:
        groups = group_names(train_counts, options.head_above,
                             options.tail_below)
    for group in ('head', 'middle', 'tail'):
        members = np.zeros(len(scores.accuracy), bool)
        if groups is not None:
            members = groups == group
        summary[group] = dict(
            _entry(scores.accuracy[members], STATISTICS['class_mean'],
                   options.seed),
            classes=int(members.sum()))
    return summary


def _overall(scores: ClassScores) -> dict:
    if scores.count is None or not scores.count.sum():
        return dict(value=math.nan, low=math.nan, high=math.nan, entered=0)
    interval = wilson_interval([int(scores.correct.sum())],
                               [int(scores.count.sum())], CONFIDENCE)
    return dict(
        value=scores.overall,
        low=float(interval.low[0]),
        high=float(interval.high[0]),
        entered=int((scores.count > 0).sum()))


def _entry(accuracy: np.ndarray, statistic: Callable, seed: int) -> dict:
    known = accuracy[~np.isnan(accuracy)]
    low = high = math.nan
    if len(known) > 1:
        rng = np.random.default_rng(seed)
        values = [
            statistic(known[rng.integers(len(known), size=len(known))])
            for _ in range(RESAMPLES)
        ]
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(values, [tail, 1 - tail]).tolist()
    return dict(
        value=float(statistic(known)), low=low, high=high, entered=len(known))
