# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a change did to runs of the same seeds."""
from typing import List, NamedTuple, Sequence

import numpy as np
from scipy import stats

from .statistics import CONFIDENCE, mean_interval


class PairedStatistics(NamedTuple):
    """Differences of runs with the change minus runs without.

    Attributes:
        difference (float): Their mean; nan without a pair.
        low (float): Lower end of its interval; nan with fewer than two pairs.
        high (float): Upper end; nan likewise.
        n (int): Pairs that entered.
        p (float): Of the paired t-test, two-sided; nan with fewer than two
            pairs, or if all differences are equal.
        positive (int): Pairs with a difference above 0.
        negative (int): Pairs with a difference below 0.
        zero (int): Pairs without a difference.
    """
    difference: float
    low: float
    high: float
    n: int
    p: float
    positive: int
    negative: int
    zero: int


def paired_statistics(without: Sequence[float],
                      with_change: Sequence[float],
                      confidence: float = CONFIDENCE) -> PairedStatistics:
    """Mean difference with its t interval, the paired t-test, and the signs.

    Runs of a seed share the order of images and the first weights, and what
    these do to both cancels.

    If all differences are equal, up to the rounding of their terms, their
    variance is zero: the interval shrinks to the difference, and ``p`` is nan
    because the t-statistic is x/0.

    Args:
        without (Sequence[float]): (n,) numbers of the runs without the
            change; nan and None stand for absent.
        with_change (Sequence[float]): (n,) numbers of the runs of the same
            seeds with it. A pair enters if both are known.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        PairedStatistics: See there.

    Raises:
        ValueError: If the two differ in length.
    """
    if len(without) != len(with_change):
        raise ValueError(
            'expected one number of each seed without and with the change, '
            f'got {len(without)} and {len(with_change)}.')
    both = np.array([without, with_change], dtype=float)  # (2, n)
    both = both[:, np.isfinite(both).all(axis=0)]
    differences = both[1] - both[0]  # (n,)
    rounding = 8 * np.finfo(float).eps * np.abs(both).max(initial=0)
    differences[np.abs(differences) <= rounding] = 0
    n = differences.size
    mean, low, high, _ = mean_interval(differences, confidence)
    p = np.nan
    if n > 1 and np.ptp(differences) <= rounding:
        low = high = mean
    elif n > 1:
        p = float(stats.ttest_rel(both[1], both[0]).pvalue)
    positive, negative = (differences > 0).sum(), (differences < 0).sum()
    return PairedStatistics(mean, low, high, n, p, int(positive),
                            int(negative), int(n - positive - negative))


def holm(p_values: Sequence[float]) -> List[float]:
    """p-values corrected for how many tests were made.

    Holm, "A simple sequentially rejective multiple test procedure", 1979: the
    i-th smallest of m is multiplied by m − i + 1, and none falls below the
    one before it or rises above 1.

    Args:
        p_values (Sequence[float]): Of one family of tests; nan stands for a
            test that could not be made, and is not counted.

    Returns:
        list[float]: In the same order; nan stays nan.
    """
    p = np.array(p_values, dtype=float)
    corrected = np.full_like(p, np.nan)
    order = [i for i in np.argsort(p) if np.isfinite(p[i])]
    largest = 0.
    for rank, i in enumerate(order):
        largest = max(largest, min(1., (len(order) - rank) * p[i]))
        corrected[i] = largest
    return corrected.tolist()
