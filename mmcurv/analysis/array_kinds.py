# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Arrays of a features file as the kind that each of them should be."""
from typing import List, Optional

import numpy as np

from .array_files import Arrays


def check_length(name: str, arrays: Arrays, length: int, item: str) -> None:
    """Raise ValueError unless an array, if present, has that length."""
    if name in arrays and np.shape(arrays[name])[:1] != (length, ):
        raise ValueError(
            f'{name}: expected one entry per {item}, {length} as features '
            f'has, got shape {np.shape(arrays[name])}. Were they saved from '
            'different runs?')


def as_numbers(name: str, values) -> np.ndarray:
    """Floating point numbers, as they are; ValueError for others."""
    array = np.asanyarray(values)  # a memory map stays one
    if array.dtype.kind != 'f':
        raise ValueError(f'{name}: expected floating point numbers, got '
                         f'{array.dtype}. Convert with '
                         '.astype(np.float32).')
    return array


def as_fractions(name: str, arrays: Arrays) -> Optional[np.ndarray]:
    """A vector of fractions or nan, float64; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.ndim != 1 or values.dtype.kind not in 'fiu':
        raise ValueError(f'{name}: expected a vector of fractions, got '
                         f'{values.dtype} of shape {values.shape}.')
    if values.dtype.itemsize < 8:
        values = values.astype(str)  # 0.58 was meant, not 0.5799999833
    values = values.astype(np.float64)
    outside = ~np.isnan(values) & ~((values >= 0) & (values <= 1))
    if outside.any():
        raise ValueError(
            f'{name}: expected fractions in [0, 1], got '
            f'{values[outside.argmax()]:g} at position {outside.argmax()} '
            f'({outside.sum()} of {values.size} lie outside). Divide per '
            'cents by 100.')
    return values


def as_counts(name: str, arrays: Arrays) -> Optional[np.ndarray]:
    """A vector of counts, int64; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.ndim != 1 or values.dtype.kind not in 'iu':
        raise ValueError(f'{name}: expected a vector of integers, got '
                         f'{values.dtype} of shape {values.shape}. Cast '
                         'whole numbers with .astype(np.int64).')
    values = values.astype(np.int64)
    if (values < 0).any():
        raise ValueError(f'{name}: expected counts of at least 0, got '
                         f'{values.min()} for class {values.argmin()}.')
    return values


def as_strings(name: str, arrays: Arrays) -> Optional[List[str]]:
    """A list of strings; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.dtype.kind == 'S':
        values = np.char.decode(values, 'utf-8')
    if values.ndim != 1 or values.dtype.kind not in 'UO':
        raise ValueError(f'{name}: expected a list of strings, got '
                         f'{values.dtype} of shape {values.shape}. Store '
                         'np.array(names, dtype=str).')
    return values.tolist()
