# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes are worse than the rest, and which of them a change moved.

Every p-value here is exact at any number of images, or simulated: the normal
approximation fails just where the question is asked, at 49 of 50 correct.
"""
import math
from dataclasses import dataclass
from typing import Tuple

import numpy as np
from scipy.special import bdtr, chdtrc, gammaln

from .checks import as_counts, check_same_length

SIMULATED_CELLS = 2e7  # values drawn for one p-value: below 200 MB, seconds
SMALLEST_EXPECTED = 5  # of a cell where the chi-squared distribution holds


def benjamini_hochberg(p_values) -> np.ndarray:
    """Adjusted p-values that bound the false discovery rate.

    Benjamini and Hochberg, "Controlling the false discovery rate", 1995. Of
    those at or below q no more than a share of q is expected to be false.

    Args:
        p_values: (n,) in [0, 1]; nan is left out and stays nan.

    Returns:
        np.ndarray: (n,).
    """
    p_values = np.asarray(p_values, np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(-p_values[known], kind='stable')]
    places = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum.accumulate(
        np.minimum(p_values[order] * len(order) / places, 1))
    return adjusted


def holm(p_values) -> np.ndarray:
    """Adjusted p-values that bound the chance of any false alarm.

    Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Args:
        p_values: (n,) in [0, 1]; nan is left out and stays nan.

    Returns:
        np.ndarray: (n,).
    """
    p_values = np.asarray(p_values, np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind='stable')]
    left = np.arange(len(order), 0, -1)
    adjusted[order] = np.maximum.accumulate(
        np.minimum(p_values[order] * left, 1))
    return adjusted


def below_the_rest(correct, count) -> np.ndarray:
    """Whether each class is worse than all other classes together.

    Fisher's exact test of the class against the pooled images of the others,
    one-sided: the probability that so few of its images would be among the
    correct ones if correctness had nothing to do with the class. With many
    other images this is the binomial test against their accuracy; with few
    it also counts that their accuracy is not known.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.

    Returns:
        np.ndarray: (C,) p-values; nan for a class without images, and
        everywhere if only one class has some.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If lengths differ.
    """
    correct, count = _counted(correct, count)
    p_values = np.full(len(count), np.nan)
    present = count > 0
    if present.sum() > 1:
        p_values[present] = _drawn_at_most(correct[present], count.sum(),
                                           correct.sum(), count[present])
    return p_values


@dataclass(frozen=True)
class ClassesDiffer:
    """Test that all classes have one accuracy.

    Attributes:
        p_value (float): nan where there is nothing to compare.
        statistic (float): Pearson's chi-squared of the (C, 2) table.
        df (int): Its degrees of freedom, classes with images minus one.
        method (str): 'chi-squared', or 'permutation' of the images over the
            classes where a cell expects fewer than 5.
        permutations (int): 0 for the distribution itself.
        entered (int): Classes with images.
    """
    p_value: float
    statistic: float
    df: int
    method: str
    permutations: int
    entered: int


def classes_differ(correct,
                   count,
                   permutations: int = 9999,
                   seed: int = 0) -> ClassesDiffer:
    """Whether the accuracies differ by more than chance at all.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.
        permutations (int): At most so many where the chi-squared
            distribution does not hold. Defaults to 9999.
        seed (int): Of the permutations. Defaults to 0.

    Returns:
        ClassesDiffer: See there.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If lengths differ.
    """
    correct, count = _counted(correct, count)
    correct, count = correct[count > 0], count[count > 0]
    classes, images, right = len(count), count.sum(), correct.sum()
    df = max(0, classes - 1)
    if classes < 2:
        return ClassesDiffer(math.nan, math.nan, df, 'chi-squared', 0, classes)
    if right in (0, images):  # all alike
        return ClassesDiffer(1., 0., df, 'chi-squared', 0, classes)
    share = right / images

    def statistic(table: np.ndarray) -> np.ndarray:
        apart = np.square(table - count * share) / count
        return apart.sum(-1) / (share * (1 - share))

    found = float(statistic(correct))
    if count.min() * min(share, 1 - share) >= SMALLEST_EXPECTED:
        return ClassesDiffer(
            float(chdtrc(df, found)), found, df, 'chi-squared', 0, classes)
    draws = int(min(permutations, max(199, SIMULATED_CELLS // classes)))
    rng, at_least, done = np.random.default_rng(seed), 0, 0
    step = max(1, int(2e6 // classes))
    while done < draws:
        size = min(step, draws - done)
        tables = rng.multivariate_hypergeometric(
            count, right, size=size, method='marginals')
        at_least += int((statistic(tables) >= found * (1 - 1e-9)).sum())
        done += size
    return ClassesDiffer((at_least + 1) / (draws + 1), found, df,
                         'permutation', draws, classes)


def mcnemar_test(only_first, only_second) -> np.ndarray:
    """Exact McNemar test, whether one of two models is right more often.

    McNemar, "Note on the sampling error of the difference between correlated
    proportions or percentages", 1947: of the images that only one model gets
    right, each has an even chance under no difference. Two-sided.

    Args:
        only_first: (C,) integers, images that only the first gets right.
        only_second: (C,) integers, images that only the second gets right.

    Returns:
        np.ndarray: (C,) p-values; 1 where both are right on the same images.
    """
    first = as_counts('only_first', only_first)
    second = as_counts('only_second', only_second)
    check_same_length(only_first=first, only_second=second)
    fewer = np.minimum(first, second)
    return np.minimum(1, 2 * bdtr(fewer, first + second, 0.5))


def two_accuracies_test(correct_a, count_a, correct_b, count_b) -> np.ndarray:
    """Fisher's exact test of two accuracies of independent images.

    Two-sided as twice the smaller tail, at most 1.

    Args:
        correct_a: (C,) integers.
        count_a: (C,) integers.
        correct_b: (C,) integers.
        count_b: (C,) integers.

    Returns:
        np.ndarray: (C,) p-values; nan where one has no images.
    """
    correct_a, count_a = _counted(correct_a, count_a)
    correct_b, count_b = _counted(correct_b, count_b)
    check_same_length(a=count_a, b=count_b)
    images, right = count_a + count_b, correct_a + correct_b
    low = _drawn_at_most(correct_a, images, right, count_a)
    high = _drawn_at_most(count_a - correct_a, images, images - right, count_a)
    known = (count_a > 0) & (count_b > 0)
    return np.where(known, np.minimum(1, 2 * np.minimum(low, high)), np.nan)


def _drawn_at_most(right, images, right_of_all, drawn) -> np.ndarray:
    """Probability of at most so many right ones among those drawn.

    The hypergeometric distribution summed over its terms, of which there are
    no more than images. That of scipy.stats agrees, and takes most of a
    second to import.

    Args:
        right: (C,) integers.
        images: Of all, (C,) or one number.
        right_of_all: Right ones among all, likewise.
        drawn: (C,) integers.

    Returns:
        np.ndarray: (C,) in [0, 1].
    """
    right, images, right_of_all, drawn = np.broadcast_arrays(
        right, images, right_of_all, drawn)
    least = np.maximum(0, drawn - (images - right_of_all))
    terms = right - least + 1
    start = terms.cumsum() - terms
    of = np.repeat(np.arange(len(terms)), terms)
    number = np.arange(terms.sum()) - start[of] + least[of]
    wrong = (images - right_of_all)[of]

    def log_choices(of_these, taken) -> np.ndarray:
        return (gammaln(of_these + 1) - gammaln(taken + 1) -
                gammaln(of_these - taken + 1))

    logs = (
        log_choices(right_of_all[of], number) +
        log_choices(wrong, drawn[of] - number) -
        log_choices(images, drawn)[of])
    if not len(terms):
        return np.zeros(0)
    return np.minimum(1, np.add.reduceat(np.exp(logs), start))


def _counted(correct, count) -> Tuple[np.ndarray, np.ndarray]:
    correct = as_counts('correct', correct)
    count = as_counts('count', count)
    check_same_length(correct=correct, count=count)
    return correct, count
