# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mean over repetitions, and how well it is known."""
from typing import NamedTuple, Sequence

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class MeanInterval(NamedTuple):
    """A mean and its confidence interval.

    Attributes:
        mean (float): nan without a value.
        low (float): Lower end; nan with fewer than two values.
        high (float): Upper end; nan likewise.
        n (int): Values that entered.
    """
    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float],
                  confidence: float = CONFIDENCE) -> MeanInterval:
    """Mean and Student's t interval of repetitions with other seeds.

    mean ± t · s / sqrt(n) with the quantile of n − 1 degrees of freedom and
    the sample's s (divided by n − 1). It assumes that the values are normal,
    which so few cannot show.

    Args:
        values (Sequence[float]): nan and None stand for absent and do not
            enter.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        MeanInterval: ``low`` and ``high`` equal the mean if all values do.
    """
    known = np.array(values, dtype=float).reshape(-1)
    known = known[np.isfinite(known)]
    n = known.size
    if not n:
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    mean = float(known.mean())
    if n < 2:
        return MeanInterval(mean, np.nan, np.nan, n)
    quantile = stats.t.ppf(0.5 + confidence / 2, n - 1)
    half = float(quantile * known.std(ddof=1) / np.sqrt(n))
    return MeanInterval(mean, mean - half, mean + half, n)
