# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training images of each class, sorted and put into few rows."""
from dataclasses import dataclass
from typing import List, Sequence

import numpy as np

from mmcurv.fairness import group_names

GROUPS = ('head', 'middle', 'tail')


@dataclass(frozen=True)
class SizeRow:
    """Classes that follow each other in size.

    Attributes:
        first (int): Rank of the largest, from 1.
        last (int): Rank of the smallest.
        largest (int): Images of the largest class.
        smallest (int): Images of the smallest class.
        mean (float): Images per class.
        group (str): 'head', 'middle' or 'tail'.
        name (str): Of the class, where it is one; else ''.
    """
    first: int
    last: int
    largest: int
    smallest: int
    mean: float
    group: str
    name: str = ''


def size_order(counts: Sequence[int]) -> np.ndarray:
    """Classes from the largest to the smallest.

    Args:
        counts (Sequence[int]): (C,) training images.

    Returns:
        np.ndarray: (C,) classes; of one size the smaller index comes first.
    """
    return np.argsort(-np.asarray(counts), kind='stable')


def size_rows(counts: Sequence[int],
              names: Sequence[str] = (),
              most: int = 40) -> List[SizeRow]:
    """Put the sorted classes into rows.

    Up to ``most`` classes have a row each. More share rows: each group has
    rows of about equally many classes, at least one if the group has any, so
    no row mixes two groups.

    Args:
        counts (Sequence[int]): (C,) training images.
        names (Sequence[str]): (C,) names, or none. Defaults to ().
        most (int): Rows, at least 3. Defaults to 40.

    Returns:
        list[SizeRow]: At most ``most``, in descending size.

    Raises:
        ValueError: If there is no class, or ``most`` is below 3.
    """
    if len(counts) == 0 or most < 3:
        raise ValueError(f'expected classes and at least 3 rows, got '
                         f'{len(counts)} classes and {most} rows.')
    order = size_order(counts)
    sizes = np.asarray(counts)[order]
    groups = group_names(sizes)
    single = len(sizes) <= most
    rows = []
    for group in GROUPS:
        ranks = np.flatnonzero(groups == group)
        if not ranks.size:
            continue
        # Three rows are kept back, so that rounding up leaves no group out.
        parts = ranks.size if single else 1 + int(
            (most - len(GROUPS)) * ranks.size / len(sizes))
        for part in np.array_split(ranks, parts):
            name = str(names[order[part[0]]]) if single and len(names) else ''
            rows.append(
                SizeRow(
                    int(part[0]) + 1,
                    int(part[-1]) + 1,
                    int(sizes[part[0]]), int(sizes[part[-1]]),
                    float(sizes[part].mean()), group, name))
    return rows


@dataclass(frozen=True)
class GroupSize:
    """One of the three groups.

    Attributes:
        classes (int): Of the group.
        images (int): Of its classes.
    """
    classes: int
    images: int


def group_size(counts: Sequence[int], group: str) -> GroupSize:
    """Classes and images of a group.

    Args:
        counts (Sequence[int]): (C,) training images.
        group (str): 'head', 'middle' or 'tail'.

    Returns:
        GroupSize: Zeros for a group without a class.
    """
    members = np.asarray(counts)[group_names(counts) == group]
    return GroupSize(members.size, int(members.sum()))
