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
