# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The state of a pool in parts, one for each process, and as a whole.

The whole is that of a pool which no one shares, so that checkpoints do not
depend on who held what.
"""
from typing import Any, Dict, List, Optional

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from mmcurv.dist import rows_of_processes
from .rows_on_first import rows_on_first

BY_SLOT = ('pool.features', 'pool.image', 'log_curvature')


def places(capacity: Tensor, own: Tensor) -> Tensor:
    """Slots of the whole pool that belong to some classes.

    Args:
        capacity (Tensor): (C,) slots of each class, of the whole pool.
        own (Tensor): (C,) bool.

    Returns:
        Tensor: (S,) int64, in the order of a pool of these classes alone.
    """
    classes = torch.arange(len(capacity))
    labels = classes.repeat_interleave(capacity.cpu())
    return own.cpu()[labels].nonzero()[:, 0]


def merge_shards(state: Dict[str, Tensor], capacity: Tensor,
                 owners: Tensor) -> Optional[Dict[str, Tensor]]:
    """The whole state on the first process, from the part of each.

    All processes call it together.

    Args:
        state (dict[str, Tensor]): Of this process's ``PooledCurvature``.
        capacity (Tensor): (C,) slots of each class, of the whole pool.
        owners (Tensor): (C,) process of each class.

    Returns:
        dict[str, Tensor] | None: In main memory; None on other processes.
    """
    whole = {'pool.capacity': capacity, 'primed': state['primed']}
    whole['pool.start'] = capacity.cumsum(0) - capacity
    for name in ('pool.arrived', 'pool.num_nonfinite'):
        whole[name] = state[name].clone()
        all_reduce(whole[name])
    rows = rows_of_processes(state['log_curvature'])
    own = [places(capacity, owners == rank) for rank in range(len(rows))]
    for name in BY_SLOT:
        if name in state:  # a queue has no images
            parts = rows_on_first(state[name], rows)
            if parts is not None:
                whole[name] = _joined(parts, own)
    if 'log_curvature' not in whole:
        return None
    if 'pool.image' in whole:
        whole['pool.slot'] = _slots_of(whole['pool.image'],
                                       len(state['pool.slot']))
    return {name: value.cpu() for name, value in whole.items()}


def take_shard(whole: Dict[str, Tensor], own: Tensor,
               counts_here: bool) -> Dict[str, Any]:
    """The part of a whole state that a process of some classes goes on with.

    Args:
        whole (dict[str, Tensor]): What :func:`merge_shards` made, or the
            state of a pool that no one shared.
        own (Tensor): (C,) bool, the classes.
        counts_here (bool): Whether this process goes on counting what was
            not finite; the number is a sum over processes.

    Returns:
        dict[str, Tensor]: For ``PooledCurvature.load_state_dict``.
    """
    capacity, own = whole['pool.capacity'], own.to(
        whole['pool.capacity'].device)
    rows = places(capacity, own).to(capacity.device)
    part = dict(whole)
    part['pool.capacity'] = capacity * own
    part['pool.start'] = part['pool.capacity'].cumsum(
        0) - part['pool.capacity']
    part['pool.arrived'] = whole['pool.arrived'] * own
    part['pool.num_nonfinite'] = whole['pool.num_nonfinite'] * counts_here
    for name in BY_SLOT:
        if name in whole:
            part[name] = whole[name][rows]
    if 'pool.image' in whole:
        part['pool.slot'] = _slots_of(part['pool.image'],
                                      len(whole['pool.slot']))
    return part


def _joined(parts: List[Tensor], own: List[Tensor]) -> Tensor:
    joined = parts[0].new_empty(sum(map(len, parts)), *parts[0].shape[1:])
    for part, rows in zip(parts, own):
        joined[rows] = part
    return joined


def _slots_of(image: Tensor, num_images: int) -> Tensor:
    """Slot of each image, -1 for none: the inverse of image by slot."""
    slot = torch.full((num_images, ), -1, device=image.device)
    held = (image >= 0).nonzero()[:, 0]
    slot[image[held]] = held
    return slot
