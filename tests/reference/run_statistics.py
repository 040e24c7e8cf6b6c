# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Means, intervals and tests of repetitions, one number after the other."""
import math

from scipy import special


def mean_interval(values):
    """Mean and both ends of the 95 % t interval; nan where there is none."""
    n = len(values)
    if not n:
        return math.nan, math.nan, math.nan
    mean = math.fsum(values) / n
    if n == 1:
        return mean, math.nan, math.nan
    square = math.fsum((value - mean)**2 for value in values) / (n - 1)
    half = special.stdtrit(n - 1, 0.975) * math.sqrt(square / n)
    return mean, mean - half, mean + half


def paired_p(before, after):
    """Two-sided p of the paired t-test."""
    changes = [b - a for a, b in zip(before, after)]
    n, (mean, _, _) = len(changes), mean_interval(changes)
    square = math.fsum((one - mean)**2 for one in changes) / (n - 1)
    return 2 * special.stdtr(n - 1, -abs(mean) / math.sqrt(square / n))


def holm(p_values):
    """Reject one after the other; the level at which each is rejected."""
    left, needed, level = sorted(p_values), {}, 0
    while left:
        level = max(level, left[0] * len(left))
        needed[left.pop(0)] = min(level, 1)
    return [needed[p] for p in p_values]
