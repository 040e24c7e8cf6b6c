# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What every function here accepts: sequences, numpy arrays, tensors."""
import numpy as np


def as_array(name: str, values) -> np.ndarray:
    """Vector of ``values``: a sequence, an array or a tensor, any device.

    Tensors are known by ``detach``, so that torch need not be imported.

    Args:
        name (str): What the caller calls the argument; errors repeat it.
        values: One-dimensional values.

    Returns:
        np.ndarray: (n,).

    Raises:
        ValueError: If ``values`` is not one-dimensional.
    """
    if hasattr(values, 'detach'):
        values = values.detach().cpu()
        if values.is_floating_point():
            values = values.double()  # numpy knows no bfloat16
        values = values.numpy()
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f'{name}: expected one dimension, got shape '
                         f'{array.shape}; flatten it or pick one column.')
    return array


def as_integers(name: str, values) -> np.ndarray:
    """Vector of integers, (n,) int64.

    Raises:
        TypeError: If ``values`` are not stored as integers. Floats that look
            like integers are refused too: they are often scores or nan.
    """
    array = as_array(name, values)
    if array.size and array.dtype.kind not in 'iu':
        raise TypeError(f'{name}: expected integers, got {array.dtype}; '
                        'cast them to int64 if they are whole numbers.')
    return array.astype(np.int64)


def as_counts(name: str, values) -> np.ndarray:
    """Vector of counts, (C,) int64, none negative."""
    counts = as_integers(name, values)
    if (counts < 0).any():
        raise ValueError(f'{name}: expected counts of at least 0, got '
                         f'{counts.min()} for class {counts.argmin()}.')
    return counts


def as_reals(name: str, values) -> np.ndarray:
    """Vector of finite reals or nan, (n,) float64; nan means absent."""
    array = as_array(name, values)
    if array.size and array.dtype.kind not in 'iuf':
        raise TypeError(f'{name}: expected numbers, got {array.dtype}.')
    reals = array.astype(np.float64)
    infinite = np.isinf(reals)
    if infinite.any():
        raise ValueError(
            f'{name}: expected finite values or nan, got {infinite.sum()} '
            f'infinite of {reals.size} (first at position '
            f'{infinite.argmax()}); set them to nan to leave them out.')
    return reals


def as_accuracy(values, name: str = 'accuracy') -> np.ndarray:
    """Vector of per-class accuracies as fractions, (C,) float64 or nan."""
    accuracy = as_reals(name, values)
    outside = (accuracy < 0) | (accuracy > 1)  # nan compares false
    if outside.any():
        raise ValueError(
            f'{name}: expected fractions in [0, 1], got '
            f'{accuracy[outside.argmax()]:g} for class {outside.argmax()}; '
            'divide percentages by 100.')
    return accuracy


def check_same_length(**vectors: np.ndarray) -> None:
    """Raises ValueError that names the arguments whose lengths differ."""
    if len({len(vector) for vector in vectors.values()}) > 1:
        lengths = ', '.join(f'{name} has {len(vector)}'
                            for name, vector in vectors.items())
        raise ValueError(f'expected equal lengths, got: {lengths}.')


def check_fraction(name: str, value: float) -> None:
    """Raises ValueError unless ``value`` lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f'{name}: expected a number between 0 and 1 '
                         f'(exclusive), got {value}.')
