# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Permutation p-value and bootstrap interval, for any correlation.

Both draw in batches, so that peak memory stays near 100 MB at any number of
classes.
"""
from typing import Callable, Sequence

import numpy as np
from scipy import stats

from ._checks import check_fraction

BATCH_VALUES = 1 << 20  # float64 values per array of resamples


def resampling_seeds(permutations: int, resamples: int, confidence: float,
                     seed: int) -> list[np.random.SeedSequence]:
    """Checks the options and returns one seed for each of the two draws.

    Separate seeds: asking for more permutations leaves the interval as it is.
    """
    check_fraction('confidence', confidence)
    for name, value in (('permutations', permutations), ('resamples',
                                                         resamples)):
        if value < 0:
            raise ValueError(
                f'{name}: expected 0 (for none) or more, got {value}.')
    return np.random.SeedSequence(seed).spawn(2)


def permutation_p_value(x: np.ndarray, y: np.ndarray, permutations: int,
                        seed: np.random.SeedSequence) -> tuple[float, int]:
    """Two-sided p-value of the covariance under random pairing of x with y.

    Under re-pairing the covariance and the correlation are one up to a
    constant factor.

    All n! pairings are used if there are no more of them than
    ``permutations``, else random ones with the observed pairing counted in,
    so that p is never 0. Two-sided is twice the smaller tail, at most 1.

    Args:
        x (np.ndarray): (n,).
        y (np.ndarray): (n,).
        permutations (int): Number of random pairings; 0 gives nan.
        seed (np.random.SeedSequence): Source of randomness.

    Returns:
        tuple[float, int]: p-value, and pairings that were used.
    """
    if not permutations:
        return np.nan, 0
    y = y - y.mean()
    result = stats.permutation_test(
        (x - x.mean(), ),
        lambda shuffled, axis: shuffled @ y,  # (..., n) -> (...)
        permutation_type='pairings',
        vectorized=True,
        n_resamples=permutations,
        batch=_batch(x.size),
        rng=np.random.default_rng(seed))
    return float(result.pvalue), result.null_distribution.size


def bootstrap_interval(
        columns: Sequence[np.ndarray], statistic: Callable, resamples: int,
        confidence: float,
        seed: np.random.SeedSequence) -> tuple[float, float, int]:
    """Percentile interval over resampled classes.

    A resample that holds one value only has no correlation. Those are left
    out of the percentiles, and the number that remain is returned;
    scipy.stats.bootstrap would give nan for the whole interval.

    Args:
        columns (Sequence[np.ndarray]): Vectors (n,), resampled together.
        statistic (Callable): Maps arrays (..., n) to (...).
        resamples (int): Number of resamples; 0 gives nan.
        confidence (float): In (0, 1).
        seed (np.random.SeedSequence): Source of randomness.

    Returns:
        tuple[float, float, int]: Lower end, upper end, resamples used.
    """
    if not resamples:
        return np.nan, np.nan, 0
    rng = np.random.default_rng(seed)
    size, batch = columns[0].size, _batch(columns[0].size)
    values = []
    for start in range(0, resamples, batch):
        shape = (min(batch, resamples - start), size)
        rows = rng.integers(size, size=shape)  # (resamples of batch, n)
        values.append(statistic(*(column[rows] for column in columns)))
    values = np.concatenate(values)  # (resamples,)
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.nan, 0
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high), values.size


def _batch(size: int) -> int:
    return max(1, BATCH_VALUES // size)
