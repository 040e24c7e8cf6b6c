# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the numbers about class fairness changed, with paired intervals."""
import math
from typing import Dict

import numpy as np

from mmcurv.fairness import PairedDifference, paired_difference
from .measures import column

GROUPS = ('head', 'middle', 'tail')


def compare_summary(a: dict, b: dict, resamples: int,
                    seed: int) -> Dict[str, dict]:
    """Change of every summary number over the same classes.

    A lowest class and a ratio of extremes have no interval: the bootstrap
    does not hold for extremes.

    Args:
        a (dict): ``classes``, rows of audit A.
        b (dict): ``classes``, rows of audit B in the same order.
        resamples (int): Of the bootstrap.
        seed (int): Of the bootstrap.

    Returns:
        dict: Name to ``a``, ``b``, ``value`` (b - a), ``low``, ``high`` and
        ``entered``; nan where nothing is known.
    """
    accuracy = [column(side, 'accuracy') for side in (a, b)]

    def of_classes(statistic, members=slice(None), samples=resamples):
        return _entry(
            paired_difference([accuracy[0][members]], [accuracy[1][members]],
                              statistic,
                              samples,
                              seed=seed))

    counts = [[column(side, key) for key in ('correct', 'test_count')]
              for side in (a, b)]
    summary = dict(
        overall=_entry(
            paired_difference(*counts, overall, resamples, seed=seed)),
        class_mean=of_classes(mean))
    group = np.array([
        row.get('group') or twin.get('group')
        for row, twin in zip(a['classes'], b['classes'])
    ])
    for name in GROUPS:
        summary[name] = of_classes(mean, group == name)
    summary.update(
        worst_10pct=of_classes(worst_tenth),
        worst_class=of_classes(lowest, samples=0),
        variance=of_classes(variance),
        gini=of_classes(gini),
        bias=of_classes(bias, samples=0))
    return summary


def overall(correct: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Share of all test images that are correct, (..., n) to (...)."""
    with np.errstate(invalid='ignore'):
        return correct.sum(-1) / count.sum(-1)


def mean(accuracy: np.ndarray) -> np.ndarray:
    """Mean of the class accuracies."""
    return accuracy.mean(-1)


def lowest(accuracy: np.ndarray) -> np.ndarray:
    """Accuracy of the worst class."""
    return accuracy.min(-1)


def worst_tenth(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.worst_fraction` at 0.1."""
    taken = math.ceil(round(0.1 * accuracy.shape[-1], 9))
    return np.partition(accuracy, taken - 1)[..., :taken].mean(-1)


def variance(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.accuracy_variance`."""
    return accuracy.var(-1)


def gini(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.gini`."""
    ordered = np.sort(accuracy)
    size, total = ordered.shape[-1], ordered.sum(-1)
    weights = 2 * np.arange(1, size + 1) - size - 1
    unequal = (ordered - ordered[..., :1]) @ weights
    return unequal / (size * np.where(total == 0, 1, total))


def bias(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.max_min_bias` at its default eps."""
    ratio = accuracy.max(-1) / (accuracy.min(-1) + 0.01)
    return np.maximum(ratio - 1, 0)


def _entry(found: PairedDifference) -> dict:
    return dict(
        a=found.first,
        b=found.second,
        value=found.value,
        low=found.low,
        high=found.high,
        entered=found.entered)
