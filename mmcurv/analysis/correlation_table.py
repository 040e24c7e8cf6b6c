# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How each measure of the classes goes with their accuracy."""
import math
from typing import Callable, Dict, Optional

import numpy as np

from mmcurv.fairness import Correlation, partial_correlation, pearson, spearman

MEASURES = ('curvature', 'log_curvature', 'volume', 'separation', 'radius',
            'intrinsic_dimension', 'train_count')
# Values shuffled per p-value: with thousands of classes fewer permutations.
MOST_VALUES = 2e7
PERMUTATIONS, RESAMPLES, FEWEST = 9999, 2000, 499


def correlation_table(columns: Dict[str, np.ndarray],
                      accuracy: np.ndarray,
                      train_counts: Optional[np.ndarray] = None,
                      seed: int = 0) -> Dict[str, dict]:
    """Correlation of every measure with class accuracy.

    Pearson as Ma et al. report it (sections 4 and 5.3); rank correlation,
    permutation p-values, bootstrap intervals and the partial correlation
    given log training count are additions.

    Args:
        columns (dict): Measure to its values (C,). Infinite values, which an
            overflow or a flat class gives, are left out as nan is.
        accuracy (np.ndarray): (C,) fractions or nan.
        train_counts (np.ndarray, optional): (C,) training images. Defaults to
            None, which leaves the partial correlations nan.
        seed (int): Of permutations and bootstrap. Defaults to 0.

    Returns:
        dict: Measure to pearson, pearson_p, pearson_low, pearson_high, the
        same for spearman, partial_pearson, partial_spearman, partial_p (of
        the partial Pearson), entered, permutations, and ``why``, which says
        why there is no correlation, or is None.
    """
    return {
        measure: _of_measure(measure, values, accuracy, train_counts, seed)
        for measure, values in columns.items()
    }


def quick_correlation(kind: Callable, values: np.ndarray,
                      accuracy: np.ndarray) -> float:
    """Coefficient alone; nan where there is none.

    Args:
        kind (Callable): ``pearson`` or ``spearman``.
        values (np.ndarray): (C,).
        accuracy (np.ndarray): (C,).
    """
    try:
        return kind(_finite(values), accuracy, 0, 0).value
    except ValueError:
        return math.nan


def _of_measure(measure: str, values: np.ndarray, accuracy: np.ndarray,
                train_counts: Optional[np.ndarray], seed: int) -> dict:
    values = _finite(values)
    entry = dict.fromkeys(
        ('pearson', 'pearson_p', 'pearson_low', 'pearson_high', 'spearman',
         'spearman_p', 'spearman_low', 'spearman_high', 'partial_pearson',
         'partial_spearman', 'partial_p'), math.nan)
    both = ~np.isnan(values) & ~np.isnan(accuracy)
    entry.update(entered=int(both.sum()), permutations=0, why=None)
    draws = dict(
        permutations=int(
            min(PERMUTATIONS, max(FEWEST, MOST_VALUES // max(1, both.sum())))),
        resamples=int(
            min(RESAMPLES, max(FEWEST, MOST_VALUES // max(1, both.sum())))),
        seed=seed)
    try:
        linear = pearson(values, accuracy, **draws)
        entry.update(_fields('pearson', linear))
        entry.update(_fields('spearman', spearman(values, accuracy, **draws)))
        entry.update(permutations=linear.permutations)
    except ValueError as error:
        entry['why'] = str(error)
        return entry
    if train_counts is None or measure == 'train_count':
        return entry
    try:
        given = partial_correlation(values, accuracy, train_counts, **draws)
        ranked = partial_correlation(
            values,
            accuracy,
            train_counts,
            kind='spearman',
            permutations=0,
            resamples=0)
        entry.update(
            partial_pearson=given.value,
            partial_p=given.p_value,
            partial_spearman=ranked.value)
    except ValueError as error:
        entry['why'] = f'partial correlation: {error}'
    return entry


def _fields(name: str, found: Correlation) -> dict:
    return {
        name: found.value,
        f'{name}_p': found.p_value,
        f'{name}_low': found.low,
        f'{name}_high': found.high
    }


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, math.nan)
