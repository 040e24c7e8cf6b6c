# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How well an accuracy, a change or any number over classes is known."""
from dataclasses import dataclass
from typing import Callable, Sequence, Tuple

import numpy as np
from scipy.special import ndtri

from .checks import as_counts, check_fraction, check_same_length

BATCH_VALUES = 1 << 20  # float64 values per array of resamples, 8 MiB


@dataclass(frozen=True, eq=False)
class Interval:
    """Confidence interval of every class.

    Attributes:
        low (np.ndarray): (C,) fractions; nan for a class without test images.
        high (np.ndarray): (C,) fractions; nan likewise.
        confidence (float): In (0, 1).
    """
    low: np.ndarray
    high: np.ndarray
    confidence: float


def wilson_interval(correct, count, confidence: float = 0.95) -> Interval:
    """Wilson score interval of every class accuracy.

    Wilson, "Probable inference, the law of succession, and statistical
    inference", 1927; without continuity correction. Unlike the normal
    interval it stays inside [0, 1] and does not shrink to a point at 0 of n
    correct, which is where tail classes often are.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        Interval: ``low`` and ``high``, each (C,); nan where count is 0.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If lengths differ, correct exceeds count or confidence is
            outside (0, 1).
    """
    check_fraction('confidence', confidence)
    fraction, n = accuracies_of_counts(correct, count)  # (C,)
    low, high = _wilson(fraction, n, confidence)
    return Interval(low, high, confidence)


def difference_interval(correct_a,
                        count_a,
                        correct_b,
                        count_b,
                        confidence: float = 0.95) -> Interval:
    """Interval of how much every class accuracy changed, B minus A.

    Newcombe, "Interval estimation for the difference between independent
    proportions", 1998, method 10: the Wilson intervals of both, squared and
    added. Two models tested on the same images are not independent; they
    mostly fail on the same ones, and the interval is then wider than it need
    be. Which images each got right would be needed to do better.

    Args:
        correct_a: (C,) integers, correct test images of every class.
        count_a: (C,) integers, test images of every class.
        correct_b: (C,) integers, of the second evaluation.
        count_b: (C,) integers, of the second evaluation.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        Interval: ``low`` and ``high``, each (C,), in [-1, 1]; nan where a
        count is 0.

    Raises:
        TypeError: As :func:`wilson_interval`.
        ValueError: As :func:`wilson_interval`, or if A and B differ in
            length.
    """
    first = wilson_interval(correct_a, count_a, confidence)
    second = wilson_interval(correct_b, count_b, confidence)
    check_same_length(a=first.low, b=second.low)
    a, _ = accuracies_of_counts(correct_a, count_a)
    b, _ = accuracies_of_counts(correct_b, count_b)
    down = np.hypot(b - second.low, first.high - a)
    up = np.hypot(second.high - b, a - first.low)
    return Interval(b - a - down, b - a + up, confidence)


def mean_interval(correct,
                  count,
                  weights=None,
                  confidence: float = 0.95) -> Tuple[float, float, float]:
    """Mean of class accuracies, and how well its test images tell it.

    Images vary, classes do not: the same classes with other images of each.
    Wilson's interval of a sample that is as large as the mean's variance
    makes it, m (1 - m) / v, v = sum_c w_c^2 v_c / n_c. The variance v_c of an
    image of class c is estimated by its own images and one of the mean's, so
    that a small class without an error does not pass for one without doubt.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class; those without are
            left out.
        weights (optional): (C,) weights of the classes, such as ``count`` for
            the accuracy over all images. Defaults to None: all equal.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        tuple[float, float, float]: Mean, lower end, upper end; nan without
        images.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: As :func:`wilson_interval`.
    """
    check_fraction('confidence', confidence)
    accuracy, n = accuracies_of_counts(correct, count)  # (C,)
    weights = np.ones(len(n)) if weights is None else np.asarray(weights)
    known = ~np.isnan(n)
    accuracy, n, weights = accuracy[known], n[known], weights[known]
    if not n.size:
        return np.nan, np.nan, np.nan
    weights = weights / weights.sum()
    mean = float(weights @ accuracy)
    own = accuracy * (1 - accuracy) * n  # (n - 1) times that of an image
    variance = float(np.square(weights / n) @ (own + mean * (1 - mean)))
    if variance > 0:
        size = mean * (1 - mean) / variance
    else:
        size = 1 / float((np.square(weights) / n).sum())
    low, high = _wilson(np.float64(mean), size, confidence)
    return mean, float(low), float(high)


def paired_mean_interval(only_first,
                         only_second,
                         count,
                         weights=None,
                         confidence: float = 0.95
                         ) -> Tuple[float, float, float]:
    """Change of a mean of class accuracies of the same images.

    Bonett and Price, "Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data", 2012, of a sample that is as
    large as the variance of the change over images makes it, the classes
    being the same; see :func:`mean_interval`.

    Args:
        only_first: (C,) integers, images that only the first model gets
            right.
        only_second: (C,) integers, those of the second.
        count: (C,) integers, test images of every class.
        weights (optional): (C,), see :func:`mean_interval`.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        tuple[float, float, float]: Second minus first, lower end, upper end.
    """
    check_fraction('confidence', confidence)
    first, n = accuracies_of_counts(only_first, count)  # (C,)
    second, _ = accuracies_of_counts(only_second, count)
    weights = np.ones(len(n)) if weights is None else np.asarray(weights)
    known = ~np.isnan(n)
    first, second, n = first[known], second[known], n[known]
    if not n.size:
        return np.nan, np.nan, np.nan
    weights = weights[known] / weights[known].sum()
    lost, won = float(weights @ first), float(weights @ second)
    change = won - lost
    own = (first + second - np.square(second - first)) * n
    of_image = lost + won - change**2
    variance = float(np.square(weights / n) @ (own + of_image))
    if variance > 0:
        size = of_image / variance
    else:
        size = 1 / float((np.square(weights) / n).sum())
    low, high = _bonett_price(lost, won, size, confidence)
    return change, float(low), float(high)


def paired_interval(only_first,
                    only_second,
                    count,
                    confidence: float = 0.95) -> Interval:
    """Change of every class accuracy of the same images.

    Args:
        only_first: (C,) integers, images that only the first model gets
            right.
        only_second: (C,) integers, those of the second.
        count: (C,) integers, test images of every class.
        confidence (float): In (0, 1). Defaults to 0.95.

    Returns:
        Interval: Of second minus first, Bonett and Price (2012), each (C,);
        nan where count is 0.
    """
    check_fraction('confidence', confidence)
    first, n = accuracies_of_counts(only_first, count)
    second, _ = accuracies_of_counts(only_second, count)
    return Interval(*_bonett_price(first, second, n, confidence), confidence)


def _bonett_price(lost, won, size, confidence: float) -> tuple:
    """Ends of won - lost, two shares of ``size`` images."""
    lost, won = ((share * size + 1) / (size + 2) for share in (lost, won))
    half = ndtri(0.5 + confidence / 2) * np.sqrt(
        (lost + won - np.square(won - lost)) / (size + 2))
    change = won - lost
    return np.maximum(change - half, -1), np.minimum(change + half, 1)


def _wilson(fraction, n, confidence: float) -> tuple:
    """Ends of Wilson's interval of a fraction of n images."""
    z = ndtri(0.5 + confidence / 2)
    shrink = 1 / (1 + z**2 / n)
    centre = shrink * (fraction + z**2 / (2 * n))
    variance = fraction * (1 - fraction) / n + (z / (2 * n))**2
    half = shrink * z * np.sqrt(variance)
    # Rounding passes the bounds by 1e-17 at none or all correct.
    return (np.clip(centre - half, 0,
                    fraction), np.clip(centre + half, fraction, 1))


def accuracies_of_counts(correct, count) -> Tuple[np.ndarray, np.ndarray]:
    """Checked accuracies and test images (C,), both nan without images."""
    correct = as_counts('correct', correct)
    count = as_counts('count', count)
    check_same_length(correct=correct, count=count)
    above = correct > count
    if above.any():
        first = int(above.argmax())
        raise ValueError(
            f'correct: expected at most count, got {correct[first]} correct '
            f'of {count[first]} for class {first}; are the arguments swapped?')
    n = np.where(count > 0, count, np.nan)
    return correct / n, n


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
    size, batch = columns[0].size, resamples_at_once(columns[0].size)
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


def resamples_at_once(size: int) -> int:
    """Resamples of ``size`` classes each that one batch holds: peak memory
    stays near 100 MB at any number of classes."""
    return max(1, BATCH_VALUES // size)
