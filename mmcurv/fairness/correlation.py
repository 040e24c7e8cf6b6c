# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Correlation of two per-class quantities, such as curvature and accuracy.

Ma et al., "Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds", sections 4 and 5.3 and Table 7, report Pearson's
coefficient between the curvature and the accuracy of the classes. The
p-value, the interval and the rank form are additions.
"""
from dataclasses import dataclass
from typing import Callable

import numpy as np

from ._pairing import paired, pearson_rows, ranks
from ._resampling import (bootstrap_interval, permutation_p_value,
                          resampling_seeds)


@dataclass(frozen=True)
class Correlation:
    """A correlation over classes.

    Attributes:
        kind (str): 'pearson', 'spearman', or 'partial pearson' and 'partial
            spearman' given log training count.
        value (float): In [-1, 1].
        p_value (float): Two-sided, by permutation; nan if not asked for.
        low (float): Lower end of the bootstrap interval; nan if not asked
            for.
        high (float): Upper end.
        confidence (float): Of the interval, in (0, 1).
        entered (int): Classes for which all the quantities are known.
        permutations (int): Pairings behind the p-value; all n! of them if
            there are no more than asked for.
        resamples (int): Resamples behind the interval, those left out in
            which a quantity is constant.
    """
    kind: str
    value: float
    p_value: float
    low: float
    high: float
    confidence: float
    entered: int
    permutations: int
    resamples: int


def pearson(x,
            y,
            permutations: int = 9999,
            resamples: int = 2000,
            confidence: float = 0.95,
            seed: int = 0) -> Correlation:
    """Pearson's correlation coefficient over classes.

    Classes where x or y is nan are left out.

    Args:
        x: (C,) finite values or nan.
        y: (C,) finite values or nan.
        permutations (int): Random pairings for the p-value; 0 for none.
            Defaults to 9999.
        resamples (int): Bootstrap resamples for the percentile interval; 0
            for none. Defaults to 2000.
        confidence (float): Of the interval, in (0, 1). Defaults to 0.95.
        seed (int): Of permutations and bootstrap. Defaults to 0.

    Returns:
        Correlation: Value, p-value, interval, classes that entered.

    Raises:
        ValueError: If the lengths differ, fewer than 3 classes enter, x or y
            is infinite somewhere or constant.
    """
    x, y = paired(3, x=x, y=y)
    return _correlation('pearson', x, y, np.asarray, permutations, resamples,
                        confidence, seed)


def spearman(x,
             y,
             permutations: int = 9999,
             resamples: int = 2000,
             confidence: float = 0.95,
             seed: int = 0) -> Correlation:
    """Spearman's rank correlation over classes; ties share their mean rank.

    Args, Returns and Raises as :func:`pearson`. The classes of a resample are
    ranked anew.
    """
    x, y = paired(3, x=x, y=y)
    return _correlation('spearman', x, y, ranks, permutations, resamples,
                        confidence, seed)


def _correlation(kind: str, x: np.ndarray, y: np.ndarray, transform: Callable,
                 permutations: int, resamples: int, confidence: float,
                 seed: int) -> Correlation:

    def rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return pearson_rows(transform(a), transform(b))

    seeds = resampling_seeds(permutations, resamples, confidence, seed)
    # Ranks move with their values: ranked once, they serve every pairing.
    p_value, permutations = permutation_p_value(
        transform(x), transform(y), permutations, seeds[0])
    low, high, resamples = bootstrap_interval((x, y), rows, resamples,
                                              confidence, seeds[1])
    return Correlation(kind, float(rows(x, y)), p_value, low, high, confidence,
                       x.size, permutations, resamples)
