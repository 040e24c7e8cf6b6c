# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Correlation of two per-class quantities, such as curvature and accuracy.

Ma et al., "Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds", sections 4 and 5.3 and Table 7, report Pearson's
coefficient between the curvature and the accuracy of the classes. The
p-value, the interval, the rank form and the partial form are additions.
"""
import itertools
import math
from dataclasses import dataclass
from typing import Callable, Sequence

import numpy as np
from scipy.special import ndtri, stdtr

from .checks import as_counts, as_reals, check_fraction, check_same_length
from .intervals import bootstrap_interval, resamples_at_once, resampling_seeds

KINDS = ('pearson', 'spearman')
# 1 - r^2 below this is rounding: nothing is left once the count is known.
EXPLAINED = 1e-12


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
    x, y = _paired(3, x=x, y=y)
    return _correlation('pearson', (x, y), (x, y), _pearson_rows, permutations,
                        resamples, confidence, seed)


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
    x, y = _paired(3, x=x, y=y)
    # Ranks move with their values: ranked once, they serve every pairing.
    return _correlation('spearman', (x, y), (ranks(x), ranks(y)),
                        lambda x, y: _pearson_rows(ranks(x), ranks(y)),
                        permutations, resamples, confidence, seed)


def partial_correlation(x,
                        y,
                        train_counts,
                        kind: str = 'pearson',
                        permutations: int = 9999,
                        resamples: int = 2000,
                        confidence: float = 0.95,
                        seed: int = 0) -> Correlation:
    """Correlation of x and y given the log of the training counts.

    On a long-tailed set both the accuracy and the geometry of a class follow
    its number of training images, so that they correlate without having to do
    with each other. This is what remains; it is an addition to Ma et al., who
    report the plain correlation.

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
    x, y, z = _paired(4, x=x, y=y, train_counts=log_counts)
    transform = ranks if kind == 'spearman' else np.asarray

    def rows(*columns: np.ndarray) -> np.ndarray:
        return _partial_rows(*map(transform, columns))

    if np.isnan(rows(x, y, z)):
        raise ValueError(
            'expected x and y to vary beyond train_counts, got one that is an '
            f'exact function of it over the {x.size} classes that entered; '
            'there is nothing left to correlate.')
    given = transform(z)
    residuals = [_residual(transform(column), given) for column in (x, y)]
    return _correlation(f'partial {kind}', (x, y, z), residuals, rows,
                        permutations, resamples, confidence, seed)


def _correlation(kind: str, columns: Sequence[np.ndarray],
                 pairs: Sequence[np.ndarray], rows: Callable,
                 permutations: int, resamples: int, confidence: float,
                 seed: int) -> Correlation:
    """Of the columns (n,) by ``rows``, (..., n) to (...); the p-value is that
    of the two ``pairs`` (n,)."""
    seeds = resampling_seeds(permutations, resamples, confidence, seed)
    p_value, permutations = _permutation_p_value(*pairs, permutations,
                                                 seeds[0])
    low, high, resamples = bootstrap_interval(columns, rows, resamples,
                                              confidence, seeds[1])
    return Correlation(kind, float(rows(*columns)), p_value, low, high,
                       confidence, columns[0].size, permutations, resamples)


def _permutation_p_value(x: np.ndarray, y: np.ndarray, permutations: int,
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
    p_values, used = permutation_p_values(x[:, None], y, permutations, seed)
    return float(p_values[0]), used


def permutation_p_values(columns: np.ndarray, y: np.ndarray, permutations: int,
                         seed) -> tuple[np.ndarray, int]:
    """Two-sided p-values of the covariance of each column with y.

    One set of re-pairings serves all columns: drawing them is most of the
    work.

    Args:
        columns (np.ndarray): (n, m), none of them constant.
        y (np.ndarray): (n,).
        permutations (int): As in :func:`pearson`, at least 1.
        seed (int or np.random.SeedSequence): Source of randomness.

    Returns:
        tuple[np.ndarray, int]: (m,) p-values, and pairings that were used.
    """
    columns = columns - columns.mean(0)
    columns = columns / np.linalg.norm(columns, axis=0)
    y = y - y.mean()
    y = y / np.linalg.norm(y)
    observed = y @ columns  # (m,)
    exact = math.factorial(y.size) if y.size < 20 else math.inf
    above, below = np.zeros((2, columns.shape[1]), int)
    used = int(exact) if exact <= permutations else permutations
    rng, step = np.random.default_rng(seed), resamples_at_once(y.size)
    for start in range(0, used, step):
        if used == exact:
            order = itertools.islice(
                itertools.permutations(range(y.size)), start, start + step)
            shuffled = y[np.array(list(order))]
        else:
            rows = np.broadcast_to(y, (min(step, used - start), y.size))
            shuffled = rng.permuted(rows, axis=1)
        drawn = shuffled @ columns  # (step, m)
        # Pairings that are equal but for rounding count as equal.
        above += (drawn >= observed - 1e-12).sum(0)
        below += (drawn <= observed + 1e-12).sum(0)
    own = 0 if used == exact else 1
    tail = (np.minimum(above, below) + own) / (used + own)
    return np.minimum(1, 2 * tail), used


def adjusted_correlation(x,
                         y,
                         given: Sequence,
                         kind: str = 'spearman') -> tuple[float, float]:
    """Correlation of x and y that other quantities do not explain.

    The correlation of what a linear fit of ``given`` leaves of x and of y;
    for ``kind='spearman'`` all are ranks. The p-value is that of Student's t
    with n - 2 - len(given) degrees of freedom, two-sided.

    Args:
        x: (C,) finite values or nan.
        y: (C,) finite values or nan.
        given (Sequence): Vectors (C,) of finite values or nan; may be empty.
        kind (str): 'pearson' or 'spearman'. Defaults to 'spearman'.

    Returns:
        tuple[float, float]: Correlation and p-value; nan where fewer than 3
        degrees of freedom are left, or nothing of x or y.
    """
    if kind not in KINDS:
        raise ValueError(f'kind: expected one of {KINDS}, got {kind!r}.')
    columns = np.array([as_reals('values', v) for v in (x, y, *given)])
    columns = columns[:, ~np.isnan(columns).any(0)]
    size, freedom = columns.shape[1], columns.shape[1] - 2 - len(given)
    if freedom < 3:
        return np.nan, np.nan
    if kind == 'spearman':
        columns = ranks(columns)
    scale = np.abs(columns).max(1, keepdims=True)
    columns = columns / np.where(scale > 0, scale, 1)
    columns = columns - columns.mean(1, keepdims=True)
    others = columns[2:].T  # (n, q)
    rest = columns[:2].T
    rest = rest - others @ np.linalg.lstsq(others, rest, rcond=None)[0]
    total = np.square(columns[:2]).sum(1)
    left = np.square(rest).sum(0)
    if (left <= EXPLAINED * np.maximum(total, size * 1e-300)).any():
        return np.nan, np.nan
    value = float(
        np.clip(rest[:, 0] @ rest[:, 1] / np.sqrt(left.prod()), -1, 1))
    t = value * math.sqrt(freedom / max(1e-300, 1 - value**2))
    return value, float(2 * stdtr(freedom, -abs(t)))


def spearman_interval(value: float,
                      entered: int,
                      confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a rank correlation, over the classes.

    Fisher's z with the standard error of Bonett and Wright, "Sample size
    requirements for estimating Pearson, Kendall and Spearman correlations",
    2000. Ranks do not know how the quantities are distributed, so that it
    holds where the bootstrap of Pearson's coefficient does not.

    Args:
        value (float): Spearman's coefficient.
        entered (int): Classes behind it.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        tuple[float, float]: Lower and upper end; nan below 10 classes, where
        it is not known to hold, and beyond 0.95, where it does not.
    """
    check_fraction('confidence', confidence)
    if entered < 10 or not abs(value) <= 0.95:
        return np.nan, np.nan
    half = ndtri(0.5 + confidence / 2) * math.sqrt(
        (1 + value**2 / 2) / (entered - 3))
    center = math.atanh(value)
    return math.tanh(center - half), math.tanh(center + half)


def _pearson_rows(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's coefficient along the last axis.

    Args:
        x (np.ndarray): (..., n), of order 1.
        y (np.ndarray): (..., n), of order 1.

    Returns:
        np.ndarray: (...), nan where x or y is constant.
    """
    # A constant row may leave rounding noise after centring: ask before it.
    constant = (np.ptp(x, axis=-1) == 0) | (np.ptp(y, axis=-1) == 0)
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    norm = np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
    value = (x * y).sum(axis=-1) / np.where(constant, np.nan, norm)
    return np.clip(value, -1, 1)


def _partial_rows(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Partial correlation of x and y given z along the last axis.

    Args:
        x (np.ndarray): (..., n).
        y (np.ndarray): (..., n).
        z (np.ndarray): (..., n).

    Returns:
        np.ndarray: (...), nan where z leaves nothing of x or y.
    """
    xy, xz, yz = _pearson_rows(x, y), _pearson_rows(x, z), _pearson_rows(y, z)
    left = np.stack([1 - xz**2, 1 - yz**2])  # (2, ...)
    left = np.where(left > EXPLAINED, left, np.nan)
    return np.clip((xy - xz * yz) / np.sqrt(left.prod(axis=0)), -1, 1)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, (..., n); ties share their mean rank.

    As those of scipy.stats, which takes most of a second to import.
    """
    order = values.argsort(-1, kind='stable')
    ordered = np.take_along_axis(values, order, -1)
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    new = np.ones(values.shape, bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(new, place, 0), -1)
    # The last of its equals: the first of all is that from the other side.
    last = np.ones(values.shape, bool)
    last[..., :-1] = new[..., 1:]
    last = np.where(last, place, place.shape[-1])[..., ::-1]
    last = np.minimum.accumulate(last, -1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, -1)
    return ranks


def _residual(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """What a straight line in ``given`` leaves of ``values``, (n,)."""
    given = given - given.mean()
    slope = given @ (values - values.mean()) / (given @ given)
    return values - values.mean() - slope * given


def _paired(minimum: int, **columns) -> list[np.ndarray]:
    """Classes for which all columns are known, each column scaled to order 1.

    Centring and scaling change no correlation; they keep squares finite for
    values of any magnitude.

    Args:
        minimum (int): Classes that must remain.
        **columns: Vectors (C,) by the names that errors should use.

    Returns:
        list[np.ndarray]: Vectors (entered,), in the order given.

    Raises:
        ValueError: If lengths differ, too few classes remain, or a column is
            infinite somewhere or constant.
    """
    columns = {
        name: as_reals(name, values)
        for name, values in columns.items()
    }
    check_same_length(**columns)
    known = ~np.isnan(list(columns.values())).any(axis=0)  # (C,)
    names = ' and '.join(columns)
    if known.sum() < minimum:
        raise ValueError(
            f'expected at least {minimum} classes for which {names} are all '
            f'known, got {known.sum()} of {known.size}; a correlation over '
            'fewer says nothing.')
    return [_scaled(name, values[known]) for name, values in columns.items()]


def _scaled(name: str, values: np.ndarray) -> np.ndarray:
    if np.ptp(values) == 0:
        raise ValueError(
            f'{name}: expected values that differ, got {values[0]:g} for all '
            f'{values.size} classes that entered; a constant has no '
            'correlation.')
    values = values / np.abs(values).max()
    centred = values - values.mean()
    return centred / np.abs(centred).max()
