# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How often a sampler draws each class.

p_c is proportional to n_c^q, with n_c images of class c: Kang et al.,
Decoupling Representation and Classifier for Long-Tailed Recognition, 2020,
equation 1. The image is uniform within its class, so its weight is
n_c^(q - 1).
"""
import difflib
from typing import Sequence, Union

import numpy as np

POWERS = dict(instance=1., sqrt=0.5, balanced=0., reversed=-1.)


def class_probabilities(counts: Sequence[int],
                        weights: Union[str, float] = 'balanced') -> np.ndarray:
    """Probability of each class under a weighted draw of images.

    Args:
        counts (Sequence[int]): (C,) images of each class; those without any
            are never drawn.
        weights (str | float): The power q, or its name: 'instance' (1, each
            image alike), 'sqrt' (0.5), 'balanced' (0, each class alike) or
            'reversed' (-1, the tail most, as BBN's sampler). CMO's weights
            n_c^-a of the images are q = 1 - a. Defaults to 'balanced'.

    Returns:
        np.ndarray: (C,) float64, with sum 1.

    Raises:
        ValueError: If all classes are empty, or ``weights`` is unknown.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if not counts.any():
        raise ValueError('there is no image to draw: all classes are empty.')
    shares = np.zeros_like(counts)
    drawn = counts > 0
    logarithms = power_of(weights) * np.log(counts[drawn])
    # Relative to the largest, which keeps any power in range.
    shares[drawn] = np.exp(logarithms - logarithms.max())
    return shares / shares.sum()


def power_of(weights: Union[str, float]) -> float:
    """The power q that ``weights`` stands for.

    Args:
        weights (str | float): A name of :data:`POWERS`, or q itself.

    Returns:
        float: q.

    Raises:
        ValueError: If there is no such name.
    """
    if not isinstance(weights, str):
        return float(weights)
    if weights not in POWERS:
        near = difflib.get_close_matches(weights, POWERS, 1, cutoff=0.)
        raise ValueError(
            f'weights must be one of {tuple(POWERS)}, or the power q of class '
            f'probabilities n_c^q, but got {weights!r}. Did you mean '
            f'{near[0]!r}?')
    return POWERS[weights]
