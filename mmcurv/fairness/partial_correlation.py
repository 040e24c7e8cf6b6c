# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Correlation over classes that their training counts do not explain.

On a long-tailed set both the accuracy and the geometry of a class follow its
number of training images, so that they correlate without having to do with
each other. This is what remains given log count; it is an addition to Ma et
al., who report the plain correlation.
"""
import numpy as np

from ._checks import as_counts
from ._pairing import paired, pearson_rows, ranks
from ._resampling import (bootstrap_interval, permutation_p_value,
                          resampling_seeds)
from .correlation import Correlation

KINDS = ('pearson', 'spearman')
# 1 - r^2 below this is rounding: nothing is left once the count is known.
EXPLAINED = 1e-12


def partial_correlation(x,
                        y,
                        train_counts,
                        kind: str = 'pearson',
                        permutations: int = 9999,
                        resamples: int = 2000,
                        confidence: float = 0.95,
                        seed: int = 0) -> Correlation:
    """Correlation of x and y given the log of the training counts.

    Equal to the correlation of the residuals of x and y after a straight line
    in log count has been taken out of each; with ``kind='spearman'`` x, y and
    the counts are replaced by their ranks. The p-value permutes the residuals
    (Kennedy's method): unlike that of :func:`pearson` it is an approximation,
    even with all n! pairings.

    Args:
        x: (C,) finite values or nan.
        y: (C,) finite values or nan.
        train_counts: (C,) integers, training images of every class. A class
            with 0 has no log count and is left out.
        kind (str): 'pearson' or 'spearman'. Defaults to 'pearson'.
        permutations (int): Random pairings for the p-value; 0 for none.
            Defaults to 9999.
        resamples (int): Bootstrap resamples for the percentile interval; 0
            for none. Defaults to 2000.
        confidence (float): Of the interval, in (0, 1). Defaults to 0.95.
        seed (int): Of permutations and bootstrap. Defaults to 0.

    Returns:
        Correlation: Value, p-value, interval, classes that entered.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If kind is unknown, the lengths differ, fewer than 4
            classes enter, x or y is infinite somewhere, or x, y or the counts
            are constant, or x or y follows from the counts exactly.
    """
    if kind not in KINDS:
        raise ValueError(f'kind: expected one of {KINDS}, got {kind!r}.')
    counts = as_counts('train_counts', train_counts)
    log_counts = np.full(counts.size, np.nan)
    np.log(counts, out=log_counts, where=counts > 0)
    x, y, z = paired(4, x=x, y=y, train_counts=log_counts)
    transform = ranks if kind == 'spearman' else np.asarray

    def rows(*columns: np.ndarray) -> np.ndarray:
        return partial_rows(*map(transform, columns))

    value = float(rows(x, y, z))
    if np.isnan(value):
        raise ValueError(
            'expected x and y to vary beyond train_counts, got one that is an '
            f'exact function of it over the {x.size} classes that entered; '
            'there is nothing left to correlate.')
    seeds = resampling_seeds(permutations, resamples, confidence, seed)
    p_value, permutations = permutation_p_value(
        residual(transform(x), transform(z)),
        residual(transform(y), transform(z)), permutations, seeds[0])
    low, high, resamples = bootstrap_interval((x, y, z), rows, resamples,
                                              confidence, seeds[1])
    return Correlation(f'partial {kind}', value, p_value, low, high,
                       confidence, x.size, permutations, resamples)


def partial_rows(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Partial correlation of x and y given z along the last axis.

    Args:
        x (np.ndarray): (..., n).
        y (np.ndarray): (..., n).
        z (np.ndarray): (..., n).

    Returns:
        np.ndarray: (...), nan where z leaves nothing of x or y.
    """
    xy, xz, yz = pearson_rows(x, y), pearson_rows(x, z), pearson_rows(y, z)
    left = np.stack([1 - xz**2, 1 - yz**2])  # (2, ...)
    left = np.where(left > EXPLAINED, left, np.nan)
    return np.clip((xy - xz * yz) / np.sqrt(left.prod(axis=0)), -1, 1)


def residual(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """What a straight line in ``given`` leaves of ``values``, (n,)."""
    given = given - given.mean()
    slope = given @ (values - values.mean()) / (given @ given)
    return values - values.mean() - slope * given
