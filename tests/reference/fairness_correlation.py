# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Slow, plain forms of the correlations over classes."""
import itertools
import math


def pearson(x, y):
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    product = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y))
    square_x = sum((a - mean_x)**2 for a in x)
    square_y = sum((b - mean_y)**2 for b in y)
    return product / math.sqrt(square_x * square_y)


def ranks(values):
    """Rank 1 for the smallest; equal values share the mean of their ranks."""
    result = []
    for a in values:
        below = sum(b < a for b in values)
        equal = sum(b == a for b in values)
        result.append(below + (equal + 1) / 2)
    return result


def spearman(x, y):
    return pearson(ranks(x), ranks(y))


def residuals(values, given):
    """What is left of values after the least-squares line in given."""
    n = len(values)
    mean_v, mean_g = sum(values) / n, sum(given) / n
    slope = (
        sum((v - mean_v) * (g - mean_g) for v, g in zip(values, given)) / sum(
            (g - mean_g)**2 for g in given))
    return [v - mean_v - slope * (g - mean_g) for v, g in zip(values, given)]


def partial(x, y, train_counts):
    """Pearson's coefficient of the residuals given log count."""
    given = [math.log(n) for n in train_counts]
    return pearson(residuals(x, given), residuals(y, given))


def exact_p_value(x, y):
    """Twice the smaller tail over all n! pairings, at most 1."""
    observed = pearson(x, y)
    at_least = at_most = total = 0
    for shuffled in itertools.permutations(x):
        value = pearson(shuffled, y)
        at_least += value >= observed - 1e-12
        at_most += value <= observed + 1e-12
        total += 1
    return min(1, 2 * min(at_least, at_most) / total)
