# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What changed between two evaluations of the same classes."""
from dataclasses import dataclass
from typing import Callable, Sequence

import numpy as np

from ._checks import check_same_length
from ._resampling import bootstrap_interval, resampling_seeds


@dataclass(frozen=True)
class PairedDifference:
    """A number of the second evaluation minus that of the first.

    Attributes:
        first (float): Of the first evaluation; nan if no class entered.
        second (float): Of the second one.
        value (float): second - first.
        low (float): Lower end of the bootstrap interval of ``value``; nan if
            not asked for, or if only one class entered.
        high (float): Upper end.
        confidence (float): Of the interval, in (0, 1).
        entered (int): Classes known in both evaluations.
        resamples (int): Resamples behind the interval.
    """
    first: float
    second: float
    value: float
    low: float
    high: float
    confidence: float
    entered: int
    resamples: int


def paired_difference(first: Sequence[np.ndarray],
                      second: Sequence[np.ndarray],
                      statistic: Callable,
                      resamples: int = 2000,
                      confidence: float = 0.95,
                      seed: int = 0) -> PairedDifference:
    """Change of a number over classes, with a paired bootstrap interval.

    Classes are resampled, each with both of its evaluations, so what makes a
    class hard in both does not widen the interval. It says how far the change
    depends on which classes there are; that each class accuracy is itself
    measured on few images is in it only as far as it differs over classes.

    Args:
        first (Sequence[np.ndarray]): Vectors (C,) that the statistic takes,
            such as correct and test counts; a class with nan in any vector of
            either evaluation is left out.
        second (Sequence[np.ndarray]): As many vectors of the other one.
        statistic (Callable): Maps as many arrays (..., n) to (...).
        resamples (int): 0 for no interval. Defaults to 2000.
        confidence (float): In (0, 1). Defaults to 0.95.
        seed (int): Of the bootstrap. Defaults to 0.

    Returns:
        PairedDifference: Both numbers, their difference and its interval.

    Raises:
        ValueError: If vectors differ in number or length.
    """
    if len(first) != len(second):
        raise ValueError('expected as many vectors of both evaluations, got '
                         f'{len(first)} and {len(second)}.')
    columns = [np.asarray(column, float) for column in (*first, *second)]
    check_same_length(**{
        f'vector {i}': column
        for i, column in enumerate(columns)
    })
    known = ~np.isnan(columns).any(0)
    columns = [column[known] for column in columns]
    entered = int(known.sum())
    _, source = resampling_seeds(0, resamples, confidence, seed)
    if not entered:
        return PairedDifference(*[np.nan] * 5, confidence, 0, 0)
    half = len(first)

    def difference(*rows: np.ndarray) -> np.ndarray:
        return statistic(*rows[half:]) - statistic(*rows[:half])

    before, after = statistic(*columns[:half]), statistic(*columns[half:])
    low, high, used = bootstrap_interval(columns, difference,
                                         resamples if entered > 1 else 0,
                                         confidence, source)
    return PairedDifference(
        float(before), float(after), float(after - before), low, high,
        confidence, entered, used)
