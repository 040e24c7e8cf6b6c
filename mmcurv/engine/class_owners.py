# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which process holds the features of which class."""
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
