# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What few test images add to the differences between classes.

An accuracy of n images scatters by p (1 - p) / n about the true one. Means
do not mind; variance, Gini coefficient, worst class and worst tenth are made
worse by it, however many classes there are.
"""
from typing import Callable, Tuple

import numpy as np

from .intervals import accuracies_of_counts


def true_variance(correct, count) -> Tuple[float, float]:
    """Variance of the class accuracies with and without binomial noise.

    The noise of a class is estimated without bias by A (1 - A) / (n - 1); a
    class of one image gets the mean of the other classes' A (1 - A) n /
    (n - 1), the pooled one if there is none.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.

    Returns:
        tuple[float, float]: Population variance of the measured accuracies,
        and that of the true ones, at least 0; nan if no class has images.
    """
    accuracy, count = _known(correct, count)
    if not accuracy.size:
        return np.nan, np.nan
    raw = float(accuracy.var())
    noise = _noise_of_classes(accuracy, count)
    kept = raw - (1 - 1 / accuracy.size) * float(noise.mean())
    return raw, max(0., kept)


def without_noise(correct, count) -> np.ndarray:
    """Accuracies whose spread is that of the true ones.

    Each is drawn towards the mean by the share of its variance that is
    noise, and then all are stretched about their mean so that their variance
    is :func:`true_variance` (constrained empirical Bayes; Ghosh, 1992, and
    Louis, 1984). Numbers over classes, such as the worst tenth, are those of
    the true accuracies but for a remainder that such a spread cannot know.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.

    Returns:
        np.ndarray: (C,) fractions; nan for a class without images.
    """
    full = np.full(len(np.asarray(count)), np.nan)
    accuracy, images = _known(correct, count)
    if not accuracy.size:
        return full
    _, variance = true_variance(correct, count)
    noise = _noise_of_classes(accuracy, images)
    weight = variance / np.maximum(variance + noise, 1e-300)
    mean = accuracy.mean()
    drawn = mean + weight * (accuracy - mean)
    spread = drawn.var()
    stretch = np.sqrt(variance / spread) if spread > 0 else 0.
    drawn = drawn.mean() + stretch * (drawn - drawn.mean())
    full[np.asarray(count) > 0] = np.clip(drawn, 0, 1)
    return full


def noise_alone(correct,
                count,
                statistic: Callable,
                samples: int = 500,
                seed: int = 0) -> float:
    """What a number over classes would be if all were equally good.

    Args:
        correct: (C,) integers, correct test images of every class.
        count: (C,) integers, test images of every class.
        statistic (Callable): Maps accuracies (samples, entered) to (samples,).
        samples (int): Test sets that are drawn. Defaults to 500; fewer where
            there are thousands of classes.
        seed (int): Of the draws. Defaults to 0.

    Returns:
        float: The mean over test sets of the same sizes, in which every
        image is right with the overall accuracy; nan without images.
    """
    accuracy, images = _known(correct, count)
    if not accuracy.size:
        return np.nan
    overall = float((accuracy * images).sum() / images.sum())
    samples = int(min(samples, max(50, 1e6 // accuracy.size)))
    drawn = np.random.default_rng(seed).binomial(images, overall,
                                                 (samples, images.size))
    return float(statistic(drawn / images).mean())


def _known(correct, count) -> Tuple[np.ndarray, np.ndarray]:
    accuracy, images = accuracies_of_counts(correct, count)
    known = ~np.isnan(images)
    return accuracy[known], images[known].astype(np.int64)


def _noise_of_classes(accuracy: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Unbiased estimates of p (1 - p) / n, (entered,)."""
    several = count > 1
    spread = accuracy * (1 - accuracy)
    of_image = np.full(len(accuracy), np.nan)  # p (1 - p)
    of_image[several] = (spread * count)[several] / (count[several] - 1)
    mean = accuracy.mean()
    pooled = of_image[several].mean() if several.any() else mean * (1 - mean)
    return np.where(several, of_image, pooled) / count
