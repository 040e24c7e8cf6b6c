# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the processes of a run divide one pool among themselves."""
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from torch import Tensor

from mmcurv.dist import gather_rows, rows_of_processes
from .all_rows import AllRows
from .class_owners import class_owners
from .gather_batch import gather_batch
from .shard_states import merge_shards, take_shard

Batch = Tuple[Tensor, Tensor, Optional[Tensor]]
LAYOUTS = ('replicated', 'sharded')


class ReplicatedLayout:
    """Every process holds the features of all classes.

    Args:
        capacity (Sequence[int]): Slots of each class, C long.
    """
    classes = None

    def __init__(self, capacity: Sequence[int]):
        self.capacity = torch.as_tensor(capacity)

    def batch(self, features: Tensor, labels: Tensor,
              indices: Optional[Tensor]) -> Batch:
        """What this process does with the batch, of the rows of all."""
        return gather_batch(features, labels, indices)

    def whole(self, log_curvature: Tensor) -> Tensor:
        """log G of all classes, (C,)."""
        return log_curvature

    def tied(self, term: Tensor) -> Tensor:
        """A term that all processes go backward through alike."""
        return term

    def total(self, number: Tensor) -> int:
        """What the pool of all processes counted."""
        return int(number)

    def merged(self, state: Dict[str, Tensor]) -> Optional[Dict[str, Tensor]]:
        """The state of the whole pool."""
        return state

    def taken(self, state: Dict[str, Tensor]) -> Dict[str, Tensor]:
        """The part of a whole state that is held here."""
        return state


class ShardedLayout(ReplicatedLayout):
    """Each process holds some of the classes, about as much as the others.

    Memory and work of the pool shrink with the number of processes, which
    exchange the features of the batch and the curvature of each class; the
    loss is the same on all. A class without images belongs to all, so that
    all of them refuse it.

    Args:
        capacity (Sequence[int]): Slots of each class, C long.
    """

    def __init__(self, capacity: Sequence[int]):
        super().__init__(capacity)
        self.owners = class_owners(capacity, get_world_size())
        self.own = (self.owners == get_rank()) | (self.capacity == 0)
        self._rows = None

    @property
    def classes(self) -> Tensor:
        """(C,) bool, those that are held here."""
        return self.own

    def batch(self, features: Tensor, labels: Tensor,
              indices: Optional[Tensor]) -> Batch:
        """The rows of all processes whose classes are held here."""
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
        """log G of all classes, with the gradient of those held here."""
        own = self.own.to(log_curvature.device)
        others = torch.where(own, log_curvature.detach(), 0)
        all_reduce(others)
        return torch.where(own, log_curvature, others)

    def tied(self, term: Tensor) -> Tensor:
        """The term, from which a way leads to the rows of all processes.

        They are shared backward, too, so that a process which met none of
        its classes has to take part.
        """
        rows, self._rows = self._rows, None
        return term + rows[:0].sum().to(term)

    def total(self, number: Tensor) -> int:
        """What the parts of the pool counted together."""
        number = number.clone()
        all_reduce(number)
        return int(number)

    def merged(self, state: Dict[str, Tensor]) -> Optional[Dict[str, Tensor]]:
        """The state of the whole pool on the first process, else None."""
        return merge_shards(state, self.capacity, self.owners)

    def taken(self, state: Dict[str, Any]) -> Dict[str, Tensor]:
        """The part of a whole state that is held here."""
        if len(state['pool.capacity']) != len(self.own):
            raise RuntimeError(f'{len(state["pool.capacity"])} classes')
        return take_shard(state, self.own, counts_here=get_rank() == 0)


def make_layout(name: str,
                class_counts: Sequence[int],
                max_per_class: Optional[int] = None) -> ReplicatedLayout:
    """The layout of a name.

    Args:
        name (str): One of 'replicated' and 'sharded'.
        class_counts (Sequence[int]): C long.
        max_per_class (int, optional): Cap on the slots of a class. Defaults
            to None.

    Returns:
        ReplicatedLayout: A :class:`ShardedLayout` only with several
        processes, since one holds all classes anyway.

    Raises:
        ValueError: If there is no such layout.
    """
    if name not in LAYOUTS:
        raise ValueError(
            f'pool.layout must be one of {LAYOUTS}, got {name!r}.')
    capacity = [min(n, max_per_class or n) for n in class_counts]
    if name == 'sharded' and get_world_size() > 1:
        return ShardedLayout(capacity)
    return ReplicatedLayout(capacity)
