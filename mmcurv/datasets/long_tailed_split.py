# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which images of a full training set a long-tailed split keeps.

The split is the one that the long-tailed literature trains on (Cao et al.,
Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, 2019,
and its code): so many images per class by a formula, then one shuffle per
class with NumPy's legacy generator. Departures: the generator is a local one,
the global NumPy state stays as it was; and with an odd number of classes
``'step'`` keeps the middle class, as a tail class, where the original code
forgets it.
"""
import difflib
from typing import List, Optional, Sequence

import numpy as np

PROFILES = ('exp', 'step')


def class_shares(num_classes: int,
                 imbalance_factor: float,
                 profile: str = 'exp') -> np.ndarray:
    """Size of each class relative to the largest one.

    Args:
        num_classes (int): Number of classes C, at least 2.
        imbalance_factor (float): Largest over smallest class, at least 1.
        profile (str): ``'exp'``: IF^(-c/(C-1)) for class c. ``'step'``: 1 for
            the first C//2 classes, 1/IF for the rest. Defaults to 'exp'.

    Returns:
        np.ndarray: (C,) float64 in [1/IF, 1], not increasing.

    Raises:
        ValueError: If an argument is out of its range or ``profile`` is
            unknown.
    """
    if profile not in PROFILES:
        near = difflib.get_close_matches(str(profile), PROFILES, 1, cutoff=0.)
        raise ValueError(f'profile must be one of {PROFILES}, but got '
                         f'{profile!r}. Did you mean {near[0]!r}?')
    if not 1 <= imbalance_factor < float('inf'):
        raise ValueError(
            'imbalance_factor is the size of the largest class over that of '
            f'the smallest, so at least 1, but got {imbalance_factor}. Write '
            '100, not 0.01, for a hundred to one.')
    if num_classes < 2:
        raise ValueError('a long tail needs at least 2 classes, but got '
                         f'num_classes={num_classes}.')
    classes = np.arange(num_classes)
    if profile == 'step':
        return np.where(classes < num_classes // 2, 1., 1. / imbalance_factor)
    return (1. / imbalance_factor)**(classes / (num_classes - 1.))


def long_tailed_counts(full_counts: Sequence[int],
                       imbalance_factor: float,
                       profile: str = 'exp',
                       max_count: Optional[int] = None) -> List[int]:
    """Number of images that a long-tailed split keeps of each class.

    ``int(n_max * share)`` with the shares of :func:`class_shares`: class 0
    is the largest, and classes are neither sorted nor shuffled.

    Args:
        full_counts (Sequence[int]): (C,) images of each class in the full
            set.
        imbalance_factor (float): Largest over smallest class, at least 1.
        profile (str): ``'exp'`` or ``'step'``. Defaults to 'exp'.
        max_count (int, optional): n_max, the images kept of class 0.
            Defaults to None, which is the size of the largest full class.
            For classes of one size that is the N/C of the published formula.
            For unequal ones it is a choice of ours, and it may ask more of a
            class than there is, which is an error.

    Returns:
        list[int]: (C,) counts, each at least 1.

    Raises:
        ValueError: If a class has too few images or would be left empty, or
            as :func:`class_shares` does.
    """
    full_counts = np.asarray(full_counts)
    shares = class_shares(len(full_counts), imbalance_factor, profile)
    n_max = full_counts.max() if max_count is None else max_count
    counts = [int(n_max * share) for share in shares]
    if min(counts) < 1:
        raise ValueError(
            f'imbalance_factor={imbalance_factor} leaves '
            f'{sum(n < 1 for n in counts)} of {len(counts)} classes empty, '
            f'because the largest class has {n_max} images. Use an '
            f'imbalance_factor below {n_max}.')
    if np.any(counts > full_counts):
        fits = int(np.min(full_counts / shares))
        remedy = f'With max_count={fits} every class has enough.'
        if int(fits * shares[-1]) < 1:
            remedy = 'No max_count mends this; lower imbalance_factor.'
        raise ValueError(f'{_shortage(counts, full_counts)} {remedy}')
    return counts


def check_counts(counts: Sequence[int],
                 full_counts: Sequence[int]) -> List[int]:
    """Check counts that the user gave against the full set.

    Args:
        counts (Sequence[int]): (C,) images to keep of each class.
        full_counts (Sequence[int]): (C,) images of each class in the full
            set.

    Returns:
        list[int]: ``counts`` as Python integers.

    Raises:
        ValueError: If the length is wrong, a count is not a positive whole
            number, or a class has too few images.
    """
    if len(counts) != len(full_counts):
        raise ValueError(
            f'counts must name one number per class, {len(full_counts)} in '
            f'this dataset, but got {len(counts)}.')
    if any(int(n) != n or n < 1 for n in counts):
        raise ValueError(
            'counts must be whole numbers of at least 1, so that no class is '
            f'left empty, but got {list(counts)}.')
    if np.any(np.asarray(counts) > np.asarray(full_counts)):
        raise ValueError(f'{_shortage(counts, full_counts)} Lower its count.')
    return [int(n) for n in counts]


def _shortage(counts: Sequence[int], full_counts: Sequence[int]) -> str:
    """One sentence on the first class with too few images, and how many."""
    short = [c for c, n in enumerate(counts) if n > full_counts[c]]
    first = short[0]
    return (f'{len(short)} of {len(counts)} classes have too few images: '
            f'class {first} has {full_counts[first]}, but the split keeps '
            f'{counts[first]}.')


def kept_positions(labels: np.ndarray,
                   counts: Sequence[int],
                   seed: int = 0) -> np.ndarray:
    """Draw the images of a long-tailed split.

    Class by class in ascending label order, the positions of the class are
    shuffled and the first ``counts[c]`` stay, with the stream that
    ``np.random.seed(seed)`` starts. Every class draws, also one that is kept
    whole, since the published splits do.

    Args:
        labels (np.ndarray): (N,) integer labels of the full set.
        counts (Sequence[int]): (C,) images to keep, at most those there are.
        seed (int): Seed in [0, 2^32). Defaults to 0.

    Returns:
        np.ndarray: (sum(counts),) int64 positions in the full set, class by
        class.

    Raises:
        ValueError: If ``seed`` is None or out of its range.
    """
    if seed is None:
        raise ValueError('seed must be an integer, so that the split can be '
                         'drawn again, but got None.')
    labels = np.asarray(labels)
    rng = np.random.RandomState(seed)
    kept = []
    for label, count in enumerate(counts):
        positions = np.flatnonzero(labels == label)
        rng.shuffle(positions)
        kept.append(positions[:count])
    return np.concatenate(kept)
