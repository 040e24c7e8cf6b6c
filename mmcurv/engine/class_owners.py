# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which process holds the features of which class."""
import math
from typing import Sequence

import torch
from torch import Tensor


def class_owners(class_counts: Sequence[int], world_size: int) -> Tensor:
    """Deal the classes out, so that all processes hold about as much.

    The largest class goes first, each to the process that holds least so
    far, of several to the first.

    Args:
        class_counts (Sequence[int]): Features of each class, C long.
        world_size (int): Number of processes, W.

    Returns:
        Tensor: (C,) int64, in [0, W).

    Example:
        >>> class_owners([5, 4, 3, 2], 2)
        tensor([0, 1, 1, 0])
    """
    held = [0] * world_size
    owners = torch.empty(len(class_counts), dtype=torch.long)
    order = sorted(range(len(class_counts)), key=lambda c: -class_counts[c])
    for c in order:
        rank = held.index(min(held))
        owners[c] = rank
        held[rank] += class_counts[c]
    return owners


def most_held(class_counts: Sequence[float], world_size: int) -> int:
    """Features of the process that holds most.

    Args:
        class_counts (Sequence[float]): Features of each class, C long; means
            where no one knows better.
        world_size (int): Number of processes, W.

    Returns:
        int: Rounded up.

    Example:
        >>> most_held([5, 4, 3, 2], 2)
        7
    """
    held = [0] * world_size
    owners = class_owners(class_counts, world_size).tolist()
    for count, owner in zip(class_counts, owners):
        held[owner] += count
    return math.ceil(round(max(held), 6))
