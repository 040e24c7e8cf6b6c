# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the processes of a run divide one pool among themselves, by class.

A pool that no one shares is the case of one process. Checkpoints hold the
whole pool, so that they do not depend on who held what.
"""
import math
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.dist import all_reduce, gather, get_rank, get_world_size
from torch import Tensor

from mmcurv.dist import gather_rows, rows_of_processes

Batch = Tuple[Tensor, Tensor, Optional[Tensor]]
BY_SLOT = ('pool.features', 'pool.image', 'log_curvature', 'near', 'tangents')
CHUNK = 2**26  # bytes that a process sends at once


class ClassShards:
    """Each process holds some of the classes, about as much as the others.

    Memory and work of the pool shrink with the number of processes, which
    exchange the features of the batch and the curvature of each class; the
    loss is the same on all. A class without images belongs to all, so that
    all of them refuse it.

    Args:
        capacity (Sequence[int]): Slots of each class, C long.
    """

    def __init__(self, capacity: Sequence[int]):
        self.capacity = torch.as_tensor(capacity)
        self.shared = get_world_size() > 1
        self.owners = class_owners(capacity, get_world_size())
        # (C,) bool, those that are held here.
        self.own = (self.owners == get_rank()) | (self.capacity == 0)
        self._rows = None

    def batch(self, features: Tensor, labels: Tensor,
              indices: Optional[Tensor]) -> Batch:
        """The rows of all processes whose classes are held here."""
        if not self.shared:
            return features, labels, indices
        rows = rows_of_processes(features)
        features = self._rows = AllRows.apply(features, rows)
        labels = torch.cat(gather_rows(labels, rows))
        own = self.own.to(labels.device)
        inside = labels.clamp(0, len(own) - 1)
        # A label of no class goes to all: the pool says what is wrong.
        kept = (own[inside] | (labels != inside)).nonzero()[:, 0]
        if indices is not None:
            indices = torch.cat(gather_rows(indices, rows))[kept]
        return features[kept], labels[kept], indices

    def whole(self, log_curvature: Tensor) -> Tensor:
        """log G of all classes, (C,), with the gradient of those held here."""
        if not self.shared:
            return log_curvature
        own = self.own.to(log_curvature.device)
        others = torch.where(own, log_curvature.detach(), 0)
        all_reduce(others)
        return torch.where(own, log_curvature, others)

    def tied(self, term: Tensor) -> Tensor:
        """The term, from which a way leads to the rows of all processes.

        They are shared backward, too, so that a process which met none of
        its classes has to take part.
        """
        if not self.shared:
            return term
        rows, self._rows = self._rows, None
        return term + rows[:0].sum().to(term)

    def everyones(self, values: Tensor) -> Tensor:
        """The rows of all processes, (n, ...) of this one to (sum of n, ...),
        without gradient."""
        if not self.shared:
            return values
        return torch.cat(gather_rows(values, rows_of_processes(values)))

    def total(self, number: Tensor) -> int:
        """What the parts of the pool counted together."""
        number = number.clone()
        all_reduce(number)
        return int(number)

    def merged(self, state: Dict[str, Tensor]) -> Optional[Dict[str, Tensor]]:
        """The state of the whole pool, in main memory, from the part of each.

        All processes call it together.

        Args:
            state (dict[str, Tensor]): Of this process's ``PooledCurvature``.

        Returns:
            dict[str, Tensor] | None: None on all processes but the first.
        """
        capacity = self.capacity
        whole = {'pool.capacity': capacity, 'primed': state['primed']}
        whole['pool.start'] = capacity.cumsum(0) - capacity
        for name in ('pool.arrived', 'pool.num_nonfinite'):
            whole[name] = state[name].clone()
            all_reduce(whole[name])
        rows = rows_of_processes(state['log_curvature'])
        own = [_places(capacity, self.owners == r) for r in range(len(rows))]
        for name in BY_SLOT:
            if name in state:  # a queue has no images
                parts = _rows_on_first(state[name], rows)
                if parts is not None:
                    whole[name] = _joined(parts, own)
        if 'log_curvature' not in whole:
            return None
        if 'pool.image' in whole:
            whole['pool.slot'] = _slots_of(whole['pool.image'],
                                           len(state['pool.slot']))
        return {name: value.cpu() for name, value in whole.items()}

    def taken(self, whole: Dict[str, Tensor]) -> Dict[str, Tensor]:
        """The part of a whole state that this process goes on with.

        Args:
            whole (dict[str, Tensor]): What :meth:`merged` made, or the state
                of a pool that no one shared; of the same capacity.

        Returns:
            dict[str, Tensor]: For ``PooledCurvature.load_state_dict``.
        """
        if not self.shared:
            return whole
        whole = {name: value.cpu() for name, value in whole.items()}
        rows = _places(self.capacity, self.own)
        part = dict(whole)
        part['pool.capacity'] = self.capacity * self.own
        part['pool.start'] = part['pool.capacity'].cumsum(
            0) - part['pool.capacity']
        part['pool.arrived'] = whole['pool.arrived'] * self.own
        # A sum over processes, which one of them goes on counting.
        part['pool.num_nonfinite'] = whole['pool.num_nonfinite'] * (
            get_rank() == 0)
        for name in BY_SLOT:
            if name in whole:
                part[name] = whole[name][rows]
        if 'pool.image' in whole:
            part['pool.slot'] = _slots_of(part['pool.image'],
                                          len(whole['pool.slot']))
        return part


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


class AllRows(torch.autograd.Function):
    """Concatenate all processes' rows, in the order of the ranks.

    Each process may use other rows of the result. The backward pass adds up
    what all of them ask of a row, and multiplies it by their number:
    DistributedDataParallel divides gradients by it. So it is a collective:
    either all processes go backward through it or none.
    """

    @staticmethod
    def forward(ctx, features: Tensor, rows: List[int]) -> Tensor:
        """(B, p) of this process, and B of each, to (sum of B, p)."""
        ctx.rows = rows
        return torch.cat(gather_rows(features, rows))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tuple[Tensor, None]:
        """The gradient of this process's rows, (B, p)."""
        rank, rows = get_rank(), ctx.rows
        # Few backends add numbers of 16 bits, and none of them well.
        wide = torch.promote_types(gradient.dtype, torch.float32)
        total = gradient.to(wide, copy=True)
        all_reduce(total)
        own = total.split(rows)[rank] * len(rows)
        return own.to(gradient.dtype), None


def _places(capacity: Tensor, own: Tensor) -> Tensor:
    """Slots of the whole pool that belong to classes, (C,) bool, in the order
    of a pool of these classes alone."""
    classes = torch.arange(len(capacity))
    return own[classes.repeat_interleave(capacity)].nonzero()[:, 0]


def _rows_on_first(values: Tensor, rows: List[int]) -> Optional[List[Tensor]]:
    """Gather on the first process alone, a chunk at a time.

    Args:
        values (Tensor): (n, ...) of this process, of any type.
        rows (list[int]): n of each process.

    Returns:
        list[Tensor] | None: One tensor for each process, in main memory; None
        on all processes but the first.
    """
    flat = values.detach().reshape(len(values), math.prod(values.shape[1:]))
    # As bytes, because some backends do not know all types.
    whole = flat.contiguous().view(torch.uint8)
    step = max(1, CHUNK // max(1, whole.shape[1]))
    parts = [[whole[:0].cpu()] for _ in rows]
    for start in range(0, max(rows), step):
        size = min(step, max(rows) - start)
        chunk = whole.new_zeros(size, whole.shape[1])
        own = whole[start:start + size]
        chunk[:len(own)] = own
        for part, got, n in zip(parts, gather(chunk), rows):
            part.append(got[:max(0, n - start)].cpu())
    if get_rank() != 0:
        return None
    return [
        torch.cat(part).view(values.dtype).reshape(n, *values.shape[1:])
        for part, n in zip(parts, rows)
    ]


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
