# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Means that a bad class pulls down: harmonic and geometric.

Both are computed in the log domain. Neither adds a constant to the
accuracies: with one class at 0 both are 0, and that is the answer.
"""
import numpy as np
from scipy.special import logsumexp

from .aggregate import Aggregate, known_accuracies


def harmonic_mean(accuracy) -> Aggregate:
    """Harmonic mean C / sum_c (1 / A_c).

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1]; 0 if a class is at 0.
    """
    known = known_accuracies(accuracy)
    if not known.size:
        return Aggregate(np.nan, 0)
    log_mean = np.log(known.size) - logsumexp(-_log(known))
    return Aggregate(float(np.exp(log_mean)), known.size)


def geometric_mean(accuracy) -> Aggregate:
    """Geometric mean (prod_c A_c)^(1/C).

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1]; 0 if a class is at 0.
    """
    known = known_accuracies(accuracy)
    if not known.size:
        return Aggregate(np.nan, 0)
    return Aggregate(float(np.exp(_log(known).mean())), known.size)


def _log(known: np.ndarray) -> np.ndarray:
    with np.errstate(divide='ignore'):  # log 0 = -inf is meant
        return np.log(known)
