# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Storage of the latest feature of every training image.

The pool Q of Section 6.3 and Algorithm 4 of Ma et al., *Predicting and
Enhancing the Fairness of DNNs with the Curvature of Perceptual Manifolds*.
"""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from mmcurv.geometry.checks import check_labels, is_whole

ADDRESSINGS = ('index', 'fifo')


class PoolPlan(NamedTuple):
    """Where a batch would be stored; all in main memory.

    Attributes:
        slots (Tensor): Shape (B,), int64; -1 for a row that would not be
            kept (not finite, repeated later in the batch, or pushed out by
            the batch itself).
        arrivals (Tensor): Shape (C,), int64: rows that take a new place.
        images (Tensor, optional): Shape (B,), int64: numbers of the images;
            None for a queue.
        num_nonfinite (int): Rows that the pool's dtype cannot hold.
    """
    slots: Tensor
    arrivals: Tensor
    images: Optional[Tensor]
    num_nonfinite: int


class FeaturePool(nn.Module):
    """Latest features, class by class, with everything in buffers.

    Class c owns as many slots as it has training images (at most
    ``max_per_class``). With ``addressing='index'`` an image's new feature
    replaces its own old one, also under re-sampling; an image without a slot
    takes the next one of its class's ring, which pushes the oldest out when
    the ring is full. With ``addressing='fifo'``, the paper's queue applied
    class by class, every feature takes the next slot of the ring. Within one
    push, images that have a slot are written first, then the others in the
    order of the batch; of an image that occurs twice the last row counts.

    The features live on ``device``; what tells where they are in main
    memory: the loops over classes ask for it all the time, and would wait
    for a GPU each time.

    Args:
        class_counts (Sequence[int]): Training images of each class, C long.
        feature_dim (int): p.
        addressing (str): 'index' or 'fifo'. Defaults to 'index'.
        dtype (torch.dtype): Storage type of the features.
            Defaults to torch.float32.
        device (torch.device, optional): Where the features live; None is
            the current default device. Defaults to None.
        max_per_class (int, optional): Cap on the slots of a class, >= 1.
            Defaults to None.
        classes (Tensor, optional): Shape (C,), bool: the classes that are
            held here. The others have no slot, and no row of theirs may
            come. Defaults to None, which is all.

    Example:
        >>> import torch
        >>> pool = FeaturePool([3, 2], feature_dim=4)
        >>> pool.push(torch.randn(2, 4), torch.tensor([0, 1]),
        ...           indices=torch.tensor([0, 3]))
        >>> pool.fill()
        tensor([1, 1])
    """

    def __init__(self,
                 class_counts: Sequence[int],
                 feature_dim: int,
                 addressing: str = 'index',
                 dtype: torch.dtype = torch.float32,
                 device: Optional[torch.device] = None,
                 max_per_class: Optional[int] = None,
                 classes: Optional[Tensor] = None):
        super().__init__()
        if addressing not in ADDRESSINGS:
            raise ValueError(f'addressing must be one of {ADDRESSINGS}, '
                             f'got {addressing!r}.')
        if max_per_class is not None and not is_whole(max_per_class):
            raise ValueError('max_per_class must be a whole number of at '
                             f'least 1 or None, got {max_per_class!r}.')
        counts = torch.as_tensor(class_counts, device='cpu')
        if (counts.dim() != 1 or counts.is_floating_point() or not len(counts)
                or (counts < 0).any()):
            raise ValueError('class_counts must be a non-empty list of '
                             'integers >= 0, one per class, got '
                             f'{class_counts!r}.')
        if not is_whole(feature_dim):
            raise ValueError('feature_dim must be a whole number of at least '
                             f'1, got {feature_dim!r}.')
        counts = counts.long()
        capacity = counts.clamp_max(max_per_class or counts.max().item())
        if classes is not None:
            capacity = capacity * classes.cpu()
        slots, images = capacity.sum().item(), counts.sum().item()
        here = dict(dtype=torch.long, device='cpu')
        self.addressing = addressing
        self.register_buffer('capacity', capacity)  # (C,)
        self.register_buffer(  # slots before class c, (C,)
            'start',
            capacity.cumsum(0) - capacity)
        self.register_buffer(  # features ever given a new place, (C,)
            'arrived', torch.zeros_like(capacity))
        self.register_buffer(
            'features',
            torch.zeros(slots, feature_dim, dtype=dtype, device=device))
        if addressing == 'index':
            self.register_buffer('image', torch.full((slots, ), -1, **here))
            self.register_buffer('slot', torch.full((images, ), -1, **here))
        self.register_buffer('num_nonfinite', torch.zeros((), **here))

    @property
    def num_classes(self) -> int:
        return len(self.capacity)

    def slot_labels_beside(self, values: Tensor) -> Tensor:
        """Class of each slot, shape (S,), on the device of ``values``."""
        classes = torch.arange(self.num_classes, device=values.device)
        return classes.repeat_interleave(
            to_device(self.capacity, values), output_size=len(self.features))

    def class_of(self, slots: Tensor) -> Tensor:
        """Class of slots in main memory, (a,) to (a,)."""
        end = self.start + self.capacity
        return torch.searchsorted(end, slots, right=True)

    def fill(self) -> Tensor:
        """Features held of each class, shape (C,), int64."""
        return torch.minimum(self.arrived, self.capacity)

    def members(self, c: int) -> Tensor:
        """Features held of class c, shape (fill()[c], p), oldest place
        first."""
        if not 0 <= c < self.num_classes:
            raise IndexError(f'class {c} is not in [0, {self.num_classes}).')
        start, held = self.start[c].item(), self.fill()[c].item()
        first = self.arrived[c].item() - held  # of the ring, oldest
        features = self.features[start:start + held]
        return features.roll(-(first % held), 0) if held else features

    @torch.no_grad()
    def push(self,
             features: Tensor,
             labels: Tensor,
             indices: Optional[Tensor] = None) -> None:
        """Store a batch. An empty batch changes nothing.

        Rows that hold NaN or inf, or would in the pool's dtype, are not
        stored; ``num_nonfinite`` counts them.

        Args:
            features (Tensor): Shape (B, p).
            labels (Tensor): Shape (B,), integers in [0, C).
            indices (Tensor, optional): Shape (B,), the images' numbers in
                [0, N), N the sum of ``class_counts``; needed with
                ``addressing='index'``. Defaults to None.

        Raises:
            TypeError: If labels or indices are not integers.
            ValueError: If shapes, labels or indices do not fit, or an image
                comes with two labels.
        """
        self.store(features, self.plan(features, labels, indices))

    @torch.no_grad()
    def store(self, features: Tensor, plan: PoolPlan) -> None:
        """Store a batch in the slots that :meth:`plan` found for it."""
        kept = (plan.slots >= 0).nonzero()[:, 0]
        slots = plan.slots[kept]
        if self.addressing == 'index':
            images = plan.images[kept]
            # An image that the batch itself pushes out loses its slot.
            gone = self.image[slots]
            self.slot[gone[gone >= 0]] = -1
            self.slot[images] = slots
            self.image[slots] = images
        rows = features.index_select(0, to_device(kept, features))
        slots = to_device(slots, self.features)
        self.features.index_copy_(0, slots, rows.to(self.features))
        self.arrived += plan.arrivals
        self.num_nonfinite += plan.num_nonfinite

    @torch.no_grad()
    def plan(self,
             features: Tensor,
             labels: Tensor,
             indices: Optional[Tensor] = None) -> PoolPlan:
        """The slots that :meth:`push` would fill; changes nothing.

        Waits for the device of the features, once.
        """
        _check_features(features, self.features.shape[1])
        columns = [_as_integers('labels', labels, len(features))]
        columns.append(self._storable(features))
        if self.addressing == 'index':
            columns.append(_given_indices(indices, len(features)))
        labels, wanted, *indices = to_host(*columns)
        labels, wanted = labels.long(), wanted.bool()
        _check_labels(labels, self.capacity)
        lost = int((~wanted).sum())
        if self.addressing == 'fifo':
            return PoolPlan(*self._take_places(labels, wanted), None, lost)
        indices = indices[0].long()
        _check_indices(indices, len(self.slot))
        last = _last_occurrence(indices, wanted)
        _check_labels_agree(labels[last[wanted]], labels[wanted],
                            indices[wanted])
        wanted &= last == torch.arange(len(last))
        held = self.slot[indices]
        known = wanted & (held >= 0)
        _check_labels_agree(
            self.class_of(held[known]), labels[known], indices[known])
        slots, arrivals = self._take_places(labels, wanted & ~known)
        # Old images whose slot a new image of this batch takes are out.
        taken = torch.isin(held, slots[slots >= 0])
        slots = torch.where(known & ~taken, held, slots)
        return PoolPlan(slots, arrivals, indices, lost)

    def _storable(self, features: Tensor) -> Tensor:
        return torch.isfinite(features.to(self.features.dtype)).all(1)

    def _take_places(self, labels: Tensor,
                     wanted: Tensor) -> Tuple[Tensor, Tensor]:
        """Next places of the classes' rings for the wanted rows, (B,), and
        how many of each class there are, (C,)."""
        slots = torch.full_like(labels, -1)
        chosen = labels[wanted]
        arrivals = torch.bincount(chosen, minlength=self.num_classes)
        rank = _rank_within_class(chosen, arrivals)
        capacity = self.capacity[chosen]
        place = (self.arrived[chosen] + rank) % capacity + self.start[chosen]
        survives = rank >= arrivals[chosen] - capacity
        slots[wanted] = torch.where(survives, place, -1)
        return slots, arrivals

    def extra_repr(self) -> str:
        slots, width = self.features.shape
        size = self.features.numel() * self.features.element_size()
        return (f'classes={self.num_classes}, slots={slots}, '
                f'feature_dim={width}, addressing={self.addressing!r}, '
                f'dtype={self.features.dtype}, '
                f'size={size / 2**20:.1f} MiB')


def _rank_within_class(labels: Tensor, count: Tensor) -> Tensor:
    """How many earlier rows have the same label, (B,) -> (B,)."""
    order = labels.sort(stable=True).indices
    first = (count.cumsum(0) - count)[labels[order]]
    rank = torch.empty_like(labels)
    rank[order] = torch.arange(len(labels), device=labels.device) - first
    return rank


def _last_occurrence(indices: Tensor, wanted: Tensor) -> Tensor:
    """Last wanted row with the same index, -1 if none, (B,) -> (B,)."""
    rows = torch.arange(len(indices), device=indices.device)
    rows = torch.where(wanted, rows, -1)
    _, group = indices.unique(return_inverse=True)
    last = torch.full_like(rows, -1)
    return last.scatter_reduce(0, group, rows, 'amax')[group]


def _check_features(features: Tensor, width: int) -> None:
    """Raise ValueError unless features have shape (B, width)."""
    if features.dim() != 2 or features.shape[1] != width:
        raise ValueError(f'features must have shape (B, {width}), got '
                         f'{tuple(features.shape)}.')


def _as_integers(name: str, values: Tensor, rows: int) -> Tensor:
    """A column of integers, shape (rows,), wherever it lives.

    Raises:
        TypeError: If they are no integers.
        ValueError: If the shape is another.
    """
    values = torch.as_tensor(values)
    if values.is_floating_point() and values.numel():
        raise TypeError(f'{name} must be integers, got {values.dtype}.')
    if values.shape != (rows, ):
        raise ValueError(f'{name} must have shape ({rows},), '
                         f'got {tuple(values.shape)}.')
    return values


def _given_indices(indices: Optional[Tensor], rows: int) -> Tensor:
    """The images' numbers, which a pool with addressing='index' needs."""
    if indices is None:
        raise ValueError("addressing='index' needs the images' indices; "
                         "pass them or build the pool with "
                         "addressing='fifo'.")
    return _as_integers('indices', indices, rows)


def _check_labels(labels: Tensor, capacity: Tensor) -> None:
    """Raise ValueError unless labels (B,) are classes with slots, (C,)."""
    check_labels(labels, len(labels), len(capacity))
    absent = capacity[labels] == 0
    if absent.any():
        raise ValueError(
            'class_counts gives 0 images to the classes '
            f'{labels[absent].unique().tolist()[:5]}, but the batch '
            'holds some. Give the counts of the training set in use.')


def _check_indices(indices: Tensor, images: int) -> None:
    """Raise ValueError unless indices (B,) lie in [0, images)."""
    outside = (indices < 0) | (indices >= images)
    if outside.any():
        raise ValueError(
            f'indices must lie in [0, {images}), the number of images in '
            f'class_counts; got {indices[outside][:5].tolist()}. Number '
            "the images of the set in use from 0, or take "
            "addressing='fifo'.")


def _check_labels_agree(others: Tensor, labels: Tensor,
                        indices: Tensor) -> None:
    """Raise ValueError if an image has two labels; each (B,)."""
    wrong = others != labels
    if wrong.any():
        i = wrong.nonzero()[0, 0].item()
        raise ValueError(
            f'image {indices[i].item()} came with label '
            f'{labels[i].item()} and with label {others[i].item()}. Two '
            'images share an index (a concatenation of data sets?) or '
            "labels change; take addressing='fifo'.")


def to_host(*columns: Tensor) -> List[Tensor]:
    """Columns of integers or truth values in main memory, in one read.

    Args:
        *columns (Tensor): Each (B,), those that are not in main memory all
            on one device.

    Returns:
        list[Tensor]: Each (B,); int64 where it was read from a device.
    """
    far = [i for i, column in enumerate(columns) if not column.is_cpu]
    here = list(columns)
    if far:
        table = torch.stack([columns[i].long() for i in far])
        for i, column in zip(far, table.cpu().unbind()):
            here[i] = column
    return here


def to_device(values: Tensor, like: Tensor) -> Tensor:
    """Values of the host on the device of ``like``, without waiting for it."""
    if like.is_cpu:
        return values
    if like.is_cuda:  # only from pinned memory a copy does not wait
        values = values.pin_memory()
    return values.to(like.device, non_blocking=True)
