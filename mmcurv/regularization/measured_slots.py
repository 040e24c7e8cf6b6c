# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which slots of a pool a step measures, and what it found there."""
from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .feature_pool import FeaturePool, PoolPlan


class Measured(NamedTuple):
    """What a forward pass leaves for the push that follows it.

    Attributes:
        planned (tuple): Labels of the batch, and its places in the pool.
        slots (Tensor): (a,) int64.
        values (Tensor): (a,) log abs(det) there.
    """
    planned: Tuple[Tensor, PoolPlan]
    slots: Tensor
    values: Tensor


def slots_to_measure(pool: FeaturePool, refresh: str, live_slots: Tensor,
                     fill: Tensor) -> Tensor:
    """Slots to measure anew, ascending.

    Args:
        pool (FeaturePool): The pool.
        refresh (str): 'batch', 'class' or 'all'.
        live_slots (Tensor): (l,) int64, those of the batch, ascending.
        fill (Tensor): (C,) int64, features of each class with the batch.

    Returns:
        Tensor: (a,) int64.
    """
    if refresh == 'batch':
        return live_slots
    met = pool.class_of(live_slots).unique() if refresh == 'class' else None
    return occupied_slots(pool, fill, met)


def occupied_slots(pool: FeaturePool,
                   fill: Tensor,
                   classes: Optional[Tensor] = None) -> Tensor:
    """Slots that hold a feature; a class fills its own from the first on.

    Args:
        pool (FeaturePool): The pool.
        fill (Tensor): (C,) int64, features of each class.
        classes (Tensor, optional): Those asked for, ascending. Defaults to
            None, which is all.

    Returns:
        Tensor: (a,) int64, ascending.
    """
    if classes is None:
        classes = fill.nonzero()[:, 0]
    count = fill[classes]
    first = pool.start[classes] - (count.cumsum(0) - count)
    total = torch.arange(int(count.sum()), device=count.device)
    return first.repeat_interleave(count) + total
