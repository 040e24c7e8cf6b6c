# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Per-class vectors made ready to be correlated."""
import numpy as np
from scipy.stats import rankdata

from ._checks import as_reals, check_same_length


def pearson_rows(x: np.ndarray, y: np.ndarray) -> np.ndarray:
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


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, (..., n); ties share their mean rank."""
    return rankdata(values, axis=-1)


def paired(minimum: int, **columns) -> list[np.ndarray]:
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
