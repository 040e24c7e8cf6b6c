# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Storage of the latest feature of every training image.

The pool Q of Section 6.3 and Algorithm 4 of Ma et al., *Predicting and
Enhancing the Fairness of DNNs with the Curvature of Perceptual Manifolds*.
"""
from typing import NamedTuple, Optional, Sequence

import torch
from torch import Tensor, nn

ADDRESSINGS = ('index', 'fifo')


class PoolPlan(NamedTuple):
    """Where a batch would be stored.

    Attributes:
        slots (Tensor): Shape (B,), int64; -1 for a row that would not be
            kept (not finite, repeated later in the batch, or pushed out by
            the batch itself).
        arrivals (Tensor): Shape (C,), int64: rows that take a new place.
    """
    slots: Tensor
    arrivals: Tensor


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

    Args:
        class_counts (Sequence[int]): Training images of each class, C long.
        feature_dim (int): p.
        addressing (str): 'index' or 'fifo'. Defaults to 'index'.
        dtype (torch.dtype): Storage type of the features.
            Defaults to torch.float32.
        device (torch.device, optional): Where the pool lives; None is the
            current default device. Defaults to None.
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
        if max_per_class is not None and max_per_class < 1:
            raise ValueError('max_per_class must be at least 1 or None, '
                             f'got {max_per_class}.')
        counts = torch.as_tensor(class_counts, device=device)
        if (counts.dim() != 1 or counts.is_floating_point() or not len(counts)
                or (counts < 0).any()):
            raise ValueError('class_counts must be a non-empty list of '
                             'integers >= 0, one per class, got '
                             f'{class_counts!r}.')
        if feature_dim < 1:
            raise ValueError(f'feature_dim must be >= 1, got {feature_dim}.')
        counts = counts.long()
        capacity = counts.clamp_max(max_per_class or counts.max().item())
        if classes is not None:
            capacity = capacity * classes.to(capacity.device)
        slots, images = capacity.sum().item(), counts.sum().item()
        device = counts.device
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
            empty = dict(dtype=torch.long, device=device)
            self.register_buffer('image', torch.full((slots, ), -1, **empty))
            self.register_buffer('slot', torch.full((images, ), -1, **empty))
        self.register_buffer('num_nonfinite',
                             torch.zeros((), dtype=torch.long, device=device))

    @property
    def num_classes(self) -> int:
        return len(self.capacity)

    @property
    def slot_labels(self) -> Tensor:
        """Class of each slot, shape (S,), int64."""
        classes = torch.arange(self.num_classes, device=self.capacity.device)
        return classes.repeat_interleave(
            self.capacity, output_size=len(self.features))

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
        plan = self.plan(features, labels, indices)
        kept = plan.slots >= 0
        slots = plan.slots[kept]
        if self.addressing == 'index':
            images = torch.as_tensor(indices).to(self.image.device).long()
            # An image that the batch itself pushes out loses its slot.
            gone = self.image[slots]
            self.slot[gone[gone >= 0]] = -1
            self.slot[images[kept]] = slots
            self.image[slots] = images[kept]
        kept = kept.to(features.device)
        self.features[slots] = features[kept].to(self.features)
        self.arrived += plan.arrivals
        lost = (~self._storable(features)).sum()
        self.num_nonfinite += lost.to(self.num_nonfinite.device)

    @torch.no_grad()
    def plan(self,
             features: Tensor,
             labels: Tensor,
             indices: Optional[Tensor] = None) -> PoolPlan:
        """The slots that :meth:`push` would fill; changes nothing."""
        labels, indices = self._check(features, labels, indices)
        wanted = self._storable(features).to(labels.device)
        if self.addressing == 'fifo':
            return self._take_places(labels, wanted)
        last = _last_occurrence(indices, wanted)
        self._check_labels_agree(labels[last[wanted]], labels[wanted],
                                 indices[wanted])
        wanted &= last == torch.arange(len(last), device=last.device)
        held = self.slot[indices]
        known = wanted & (held >= 0)
        self._check_labels_agree(self.slot_labels[held[known]], labels[known],
                                 indices[known])
        slots, arrivals = self._take_places(labels, wanted & ~known)
        # Old images whose slot a new image of this batch takes are out.
        taken = torch.isin(held, slots[slots >= 0])
        slots = torch.where(known & ~taken, held, slots)
        return PoolPlan(slots, arrivals)

    def _storable(self, features: Tensor) -> Tensor:
        return torch.isfinite(features.to(self.features.dtype)).all(1)

    def _take_places(self, labels: Tensor, wanted: Tensor) -> PoolPlan:
        """Next places of the classes' rings for the wanted rows."""
        slots = torch.full_like(labels, -1)
        chosen = labels[wanted]
        arrivals = torch.bincount(chosen, minlength=self.num_classes)
        rank = _rank_within_class(chosen, arrivals)
        capacity = self.capacity[chosen]
        place = (self.arrived[chosen] + rank) % capacity + self.start[chosen]
        survives = rank >= arrivals[chosen] - capacity
        slots[wanted] = torch.where(survives, place, -1)
        return PoolPlan(slots, arrivals)

    def _check(self, features: Tensor, labels: Tensor,
               indices: Optional[Tensor]):
        width = self.features.shape[1]
        if features.dim() != 2 or features.shape[1] != width:
            raise ValueError(f'features must have shape (B, {width}), got '
                             f'{tuple(features.shape)}.')
        labels = torch.as_tensor(labels).to(self.capacity.device)
        _check_integers('labels', labels)
        if labels.shape != features.shape[:1]:
            raise ValueError(f'labels must have shape ({len(features)},), '
                             f'got {tuple(labels.shape)}.')
        labels = labels.long()
        classes = self.num_classes
        outside = (labels < 0) | (labels >= classes)
        if outside.any():
            raise ValueError(
                f'labels must lie in [0, {classes}), the classes the pool '
                f'was built for; got {labels[outside][:5].tolist()}.')
        absent = self.capacity[labels] == 0
        if absent.any():
            raise ValueError(
                'class_counts gives 0 images to the classes '
                f'{labels[absent].unique().tolist()[:5]}, but the batch '
                'holds some. Give the counts of the training set in use.')
        if self.addressing == 'fifo':
            return labels, None
        if indices is None:
            raise ValueError("addressing='index' needs the images' indices; "
                             "pass them or build the pool with "
                             "addressing='fifo'.")
        indices = torch.as_tensor(indices).to(labels.device)
        _check_integers('indices', indices)
        indices, images = indices.long(), len(self.slot)
        if indices.shape != labels.shape:
            raise ValueError(f'indices must have shape ({len(labels)},), '
                             f'got {tuple(indices.shape)}.')
        outside = (indices < 0) | (indices >= images)
        if outside.any():
            raise ValueError(
                f'indices must lie in [0, {images}), the number of images in '
                f'class_counts; got {indices[outside][:5].tolist()}. Number '
                "the images of the set in use from 0, or take "
                "addressing='fifo'.")
        return labels, indices

    def _check_labels_agree(self, others: Tensor, labels: Tensor,
                            indices: Tensor) -> None:
        wrong = others != labels
        if wrong.any():
            i = wrong.nonzero()[0, 0].item()
            raise ValueError(
                f'image {indices[i].item()} came with label '
                f'{labels[i].item()} and with label {others[i].item()}. Two '
                'images share an index (a concatenation of data sets?) or '
                "labels change; take addressing='fifo'.")

    def extra_repr(self) -> str:
        slots, width = self.features.shape
        size = self.features.numel() * self.features.element_size()
        return (f'classes={self.num_classes}, slots={slots}, '
                f'feature_dim={width}, addressing={self.addressing!r}, '
                f'dtype={self.features.dtype}, '
                f'size={size / 2**20:.1f} MiB')


def _check_integers(name: str, values: Tensor) -> None:
    if values.is_floating_point() and values.numel():
        raise TypeError(f'{name} must be integers, got {values.dtype}.')


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
