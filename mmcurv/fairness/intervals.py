# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How well the accuracy of one class is known."""
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ._checks import as_counts, check_fraction, check_same_length


@dataclass(frozen=True, eq=False)
class Interval:
    """Confidence interval of every class.

    Attributes:
        low (np.ndarray): (C,) fractions; nan for a class without test images.
        high (np.ndarray): (C,) fractions; nan likewise.
        confidence (float): In (0, 1).
    """
    low: np.ndarray
    high: np.ndarray
    confidence: float


def wilson_interval(correct, count, confidence: float = 0.95) -> Interval:
    """Wilson score interval of every class accuracy.

    Wilson, "Probable inference, the law of succession, and statistical
    inference", 1927; without continuity correction. Unlike the normal
    interval it stays inside [0, 1] and does not shrink to a point at 0 of n
    correct, which is where tail classes often are.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        Interval: ``low`` and ``high``, each (C,); nan where count is 0.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If lengths differ, correct exceeds count or confidence is
            outside (0, 1).
    """
    check_fraction('confidence', confidence)
    correct = as_counts('correct', correct)
    count = as_counts('count', count)
    check_same_length(correct=correct, count=count)
    above = correct > count
    if above.any():
        first = int(above.argmax())
        raise ValueError(
            f'correct: expected at most count, got {correct[first]} correct '
            f'of {count[first]} for class {first}; are the arguments swapped?')

    z = ndtri(0.5 + confidence / 2)
    n = np.where(count > 0, count, np.nan)  # (C,)
    fraction = correct / n
    shrink = 1 / (1 + z**2 / n)
    centre = shrink * (fraction + z**2 / (2 * n))
    variance = fraction * (1 - fraction) / n + (z / (2 * n))**2
    half = shrink * z * np.sqrt(variance)
    # Rounding passes the bounds by 1e-17 at none or all correct.
    low = np.clip(centre - half, 0, fraction)
    high = np.clip(centre + half, fraction, 1)
    return Interval(low, high, confidence)


def difference_interval(correct_a,
                        count_a,
                        correct_b,
                        count_b,
                        confidence: float = 0.95) -> Interval:
    """Interval of how much every class accuracy changed, B minus A.

    Newcombe, "Interval estimation for the difference between independent
    proportions", 1998, method 10: the Wilson intervals of both, squared and
    added. Two models tested on the same images are not independent; they
    mostly fail on the same ones, and the interval is then wider than it need
    be. Which images each got right would be needed to do better.

    Args:
        correct_a: (C,) integers, correct test images of every class.
        count_a: (C,) integers, test images of every class.
        correct_b: (C,) integers, of the second evaluation.
        count_b: (C,) integers, of the second evaluation.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        Interval: ``low`` and ``high``, each (C,), in [-1, 1]; nan where a
        count is 0.

    Raises:
        TypeError: As :func:`wilson_interval`.
        ValueError: As :func:`wilson_interval`, or if A and B differ in
            length.
    """
    first = wilson_interval(correct_a, count_a, confidence)
    second = wilson_interval(correct_b, count_b, confidence)
    check_same_length(a=first.low, b=second.low)
    a, b = _fraction(correct_a, count_a), _fraction(correct_b, count_b)
    down = np.hypot(b - second.low, first.high - a)
    up = np.hypot(second.high - b, a - first.low)
    return Interval(b - a - down, b - a + up, confidence)


def _fraction(correct, count) -> np.ndarray:
    correct, count = as_counts('correct', correct), as_counts('count', count)
    return correct / np.where(count > 0, count, np.nan)
