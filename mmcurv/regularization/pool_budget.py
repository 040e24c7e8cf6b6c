# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The best feature pool that fits into a number of bytes."""
from typing import Callable, List, NamedTuple, Optional, Sequence

import torch

from mmcurv.files import bytes_text
from .pool_bytes import pool_bytes

# Of the types of 16 bits, float16 keeps three bits more of each feature than
# bfloat16; what exceeds its range, 65504, is counted as not finite.
DTYPES = (torch.float32, torch.float16)


class PoolChoice(NamedTuple):
    """A pool that fits.

    Attributes:
        dtype (torch.dtype): Of the features.
        max_per_class (int, optional): Cap on the images of a class; None if
            all are held.
        total (int): Bytes of all buffers, of the process that holds most.
    """
    dtype: torch.dtype
    max_per_class: Optional[int]
    total: int


def choose_pool(
        class_counts: Sequence[int],
        feature_dim: int,
        max_bytes: int,
        k: int = 40,
        dtype: Optional[torch.dtype] = None,
        max_per_class: Optional[int] = None,
        indexed: bool = True,
        pinned: bool = False,
        held: Optional[Callable[[List[int]], int]] = None) -> PoolChoice:
    """Choose what the options leave open.

    All images in float32 if they fit, else all in float16, else in float16
    as many of a class as fit, at least k + 1: a point and its neighbours.

    Args:
        class_counts (Sequence[int]): Training images of each class, C long.
        feature_dim (int): p.
        max_bytes (int): Bound on all buffers of the pool and of what it
            remembers, in each process.
        k (int): Neighbours. Defaults to 40.
        dtype (torch.dtype, optional): Taken as it is. Defaults to None.
        max_per_class (int, optional): Taken as it is. Defaults to None.
        indexed (bool): Whether images have their slots. Defaults to True.
        pinned (bool): See :func:`pool_bytes`. Defaults to False.
        held (Callable, optional): Slots of the process that holds most, by
            the slots of each class. Defaults to None, for a process that
            holds all.

    Returns:
        PoolChoice: With a total of at most ``max_bytes``.

    Raises:
        ValueError: If not even the smallest pool fits.

    Example:
        >>> choose_pool([500, 5], 64, max_bytes=100_000)
        PoolChoice(dtype=torch.float16, max_per_class=None, total=78837)
    """
    dtypes = DTYPES if dtype is None else (dtype, )
    largest = max(class_counts)

    def choice(dtype: torch.dtype, most: Optional[int]) -> PoolChoice:
        capacity = [min(count, most or count) for count in class_counts]
        used = pool_bytes((held or sum)(capacity), sum(class_counts),
                          len(class_counts), feature_dim, dtype, indexed,
                          pinned)
        return PoolChoice(dtype, most, used.total)

    for tried in dtypes:
        found = choice(tried, max_per_class)
        if found.total <= max_bytes:
            return found
    smallest = found
    if max_per_class is None:
        smallest = choice(dtypes[-1], min(k + 1, largest))
    if smallest.total > max_bytes:
        raise ValueError(_too_little(smallest, max_bytes, feature_dim, k))
    fits, too_many = smallest.max_per_class, largest
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if choice(dtypes[-1], middle).total <= max_bytes:
            fits = middle
        else:
            too_many = middle
    return choice(dtypes[-1], fits)


def choice_text(choice: PoolChoice, max_bytes: int) -> str:
    """A sentence for the log."""
    return (f'pool.max_bytes chose a pool {_words(choice)}: '
            f'{bytes_text(choice.total)} of {bytes_text(max_bytes)} allowed.')


def _words(choice: PoolChoice) -> str:
    most = choice.max_per_class
    images = 'all images' if most is None else f'at most {most} images a class'
    return f'in {str(choice.dtype).rpartition(".")[2]} with {images}'


def _too_little(smallest: PoolChoice, max_bytes: int, feature_dim: int,
                k: int) -> str:
    return (f'pool.max_bytes is {max_bytes:,}, but the smallest pool that '
            f'fits the other options, {_words(smallest)}, takes '
            f'{smallest.total:,} bytes with features of {feature_dim} '
            f'numbers (k={k} needs k + 1 images a class). Allow at least as '
            'much, leave out a dtype or max_per_class that is given, or take '
            'a smaller k.')
