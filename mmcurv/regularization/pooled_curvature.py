# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class curvatures from a feature pool and the live features of a batch,
or other measures of the classes' neighbourhoods.

Section 6.3 and Algorithm 4 of the paper. Departures: only the batch's own
features carry gradient, since the others come from graphs that are gone; the
curvature of the points that are not in the batch is remembered instead of
computed again at every step (``refresh='batch'``), or that of a sample of
those whose neighbours are in the batch (``refresh='neighbors'``).
"""
import math
from typing import NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.geometry.checks import is_whole, to_moderate_unit, to_unit_vectors
from mmcurv.geometry.curvature import (DEFAULT_RIDGE, check_options,
                                       curvature_of_offsets, neighbors_needed,
                                       points_per_chunk)
from mmcurv.geometry.neighbors import DEFAULT_MEMORY, nearest
from mmcurv.geometry.reduction import (count_by_class, log_sum_exp_by_class,
                                       reduce_by_class)
from .feature_pool import FeaturePool, to_device
from .neighborhoods import log_spread, log_tangent_variation, tangent_spaces

MEASURES = ('curvature', 'spread', 'tangent')
REFRESHES = ('batch', 'neighbors', 'all')
LIVES = ('pool', 'batch')


class LiveRows(NamedTuple):
    """Rows of a batch that take slots of the pool, ascending by slot.

    Attributes:
        slots (Tensor): (l,) int64, in main memory.
        slots_there (Tensor): The same on the device of the batch.
        rows_there (Tensor): (l,) int64, rows of the batch, likewise.
    """
    slots: Tensor
    slots_there: Tensor
    rows_there: Tensor

    def within(self, start: int, end: int) -> slice:
        """Those whose slots lie in [start, end)."""
        edges = torch.searchsorted(self.slots, torch.tensor([start, end]))
        return slice(*edges.tolist())


class Classes(NamedTuple):
    """Classes of slots that stand class by class, in main memory.

    Attributes:
        index (Tensor): (b,) int64.
        count (Tensor): (b,) int64, slots of each.
    """
    index: Tensor
    count: Tensor


class PooledCurvature(nn.Module):
    r"""log G of every class, differentiable in the batch's features.

    The batch's features take their places in the pool (an image's stale
    feature would be its nearest neighbour), the points to refresh are
    measured there, and a class's G is the mean of abs(det) over measured and
    remembered points. Neighbour indices and frames are constants in the
    gradient. Everything runs in at least float32 with autocast off.

    With another ``measure`` a point i has in the place of abs(det)

    - 'spread': the mean of |z_i - z_j|^2 over its neighbours j, so that
      log G_c is :func:`mmcurv.geometry.local_spread`; features times a have
      2 log a more. The gradient reaches all live points, as neighbours, too.
    - 'tangent': the mean of 1 - |T_i^T T_j|^2 / m over its neighbours, T the
      m largest principal directions of a point and its neighbours, so that
      log G_c is the logarithm of :func:`mmcurv.geometry.tangent_variation`,
      whatever the unit. The gradient is that of T_i in the live points among
      i and its neighbours, see
      :func:`~mmcurv.regularization.neighborhoods.log_tangent_variation`;
      the T_j are constants as remembered from the last time that j was
      measured (a point that never was is left out), m times the pool's
      memory.

    Neither is in the paper, whose measure is 'curvature'; 'spread' is what
    the program that its authors released reacts to. ``normal``, ``fit``
    and ``ridge`` are options of 'curvature'.

    Args:
        pool (FeaturePool): The features.
        measure (str): 'curvature', 'spread' or 'tangent'.
            Defaults to 'curvature'.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m, not of 'spread'. Defaults to 2.
        normal (str): 'smallest' or 'next'. Defaults to 'smallest'.
        fit (str): See :func:`~mmcurv.geometry.point_curvature`.
            Defaults to 'ridge'.
        ridge (float): Relative ridge. Defaults to 0.0001.
        refresh (str): Points measured anew at each step: those of the
            'batch', which leaves out what a live point does as a neighbour
            of stored ones; these 'neighbors', too, as a sample, so that the
            gradient is that of all points in expectation as far as the
            remembered neighbours are right; or 'all' pooled points, the
            literal algorithm. Defaults to 'batch'.
        sample (int): Stored points that ``refresh='neighbors'`` draws for
            each live point, >= 1. Defaults to 1.
        live (str): 'pool' is the literal reading: a live point weighs
            1 / n_c in its class, so the gradient fades as batch over data
            set. 'batch' keeps the value and takes the gradient of the mean
            over the class's live points: with the neighbours held, an
            unbiased minibatch estimate of the gradient over all points.
            Defaults to 'pool'.
        normalize (bool): Measure the features divided by their norms, 0
            where they are 0; the pool keeps them. Defaults to False.
        max_memory (int): Bound in bytes on scratch memory.
            Defaults to 268435456.
        device (torch.device, optional): Where remembered curvatures live,
            best that of the batches; None is that of the pool's features.
            Defaults to None.
    """

    def __init__(self,
                 pool: FeaturePool,
                 measure: str = 'curvature',
                 k: int = 40,
                 tangent_dim: int = 2,
                 normal: str = 'smallest',
                 fit: str = 'ridge',
                 ridge: float = DEFAULT_RIDGE,
                 refresh: str = 'batch',
                 sample: int = 1,
                 live: str = 'pool',
                 normalize: bool = False,
                 max_memory: int = DEFAULT_MEMORY,
                 device: Optional[torch.device] = None):
        super().__init__()
        _check_choices(measure, refresh, live, normalize)
        if measure == 'curvature':
            check_options(k, tangent_dim, normal, fit, ridge)
        elif not (is_whole(k) and is_whole(tangent_dim) and
                  (measure == 'spread' or tangent_dim <= k)):
            raise ValueError('1 <= tangent_dim <= k is needed, both whole, '
                             f'got tangent_dim={tangent_dim!r} and k={k!r}.')
        if not is_whole(sample):
            raise ValueError('sample must be a whole number of at least 1, '
                             f'got {sample!r}.')
        if not is_whole(max_memory):
            raise ValueError('max_memory must be a whole number of bytes, at '
                             f'least 1, got {max_memory!r}.')
        self.pool = pool
        self.measure = measure
        self.k = k
        self.fit_options = dict(
            tangent_dim=tangent_dim, normal=normal, fit=fit, ridge=ridge)
        self.refresh = refresh
        self.sample = sample
        self.live = live
        self.normalize = normalize
        self.max_memory = max_memory
        slots = len(pool.features)
        there = dict(device=device or pool.features.device)
        dtype = torch.promote_types(pool.features.dtype, torch.float32)
        remembered = torch.full((slots, ), math.nan, dtype=dtype, **there)
        self.register_buffer('log_curvature', remembered)  # (S,)
        if refresh == 'neighbors':
            # Places within the class of the neighbours that a point was
            # measured with, (S, k); -1 for none.
            near = torch.full((slots, k), -1, dtype=torch.int32, **there)
            self.register_buffer('near', near)
        if measure == 'tangent':
            # T as last measured, (S, p, m); 0 for none.
            tangents = torch.zeros(
                *pool.features.shape, tangent_dim, dtype=dtype, **there)
            self.register_buffer('tangents', tangents)
        # Whether every pooled point was measured once; on the host, since
        # each step asks.
        primed = torch.zeros((), dtype=torch.bool, device='cpu')
        self.register_buffer('primed', primed)
        # Row of the batch that lives in a slot during a forward, else -1.
        live_row = torch.full((slots, ), -1, **there)
        self.register_buffer('live_row', live_row, persistent=False)
        # Of a forward pass, for the push after it: the labels it was for,
        # the batch's places, measured slots (a,), log abs(det),
        # neighbours and tangent spaces there.
        self._measured = None

    def forward(self,
                features: Tensor,
                labels: Tensor,
                indices: Optional[Tensor] = None) -> Tensor:
        """log G of every class as if the batch were already stored.

        Args:
            features (Tensor): Shape (B, p), with graph.
            labels (Tensor): Shape (B,).
            indices (Tensor, optional): Shape (B,). Defaults to None.

        Returns:
            Tensor: Shape (C,); nan for a class without a measured point.
        """
        with torch.autocast(features.device.type, enabled=False):
            if features.dtype != torch.float64:
                features = features.float()
            return self._forward(features, labels, indices)

    @torch.no_grad()
    def push(self,
             features: Tensor,
             labels: Tensor,
             indices: Optional[Tensor] = None) -> None:
        """Store the batch, and what the last forward pass measured.

        Call it after the loss of the step is built. Without a forward pass
        before it (the epochs that only fill the pool) the remembered
        curvatures stay as they are.
        """
        measured, self._measured = self._measured, None
        planned_for, plan, *found = measured or [None] * 2
        if planned_for is not labels:
            plan = self.pool.plan(features, labels, indices)
        self.pool.store(features.detach(), plan)
        if measured:
            self._remember(*found)

    @torch.no_grad()
    def measure_all(self) -> None:
        """Measure every pooled point as it is stored now."""
        nothing = self.pool.features[:0].to(self.log_curvature)
        with torch.autocast(nothing.device.type, enabled=False):
            self._measure_stored(nothing)

    @torch.no_grad()
    def _measure_stored(self, nothing: Tensor) -> None:
        """Measure all points on the device and in the type of ``nothing``,
        an empty batch (0, p)."""
        fill = self.pool.fill()
        slots = _occupied_slots(self.pool, fill)
        live = self._take_live(slots[:0], nothing)
        there = to_device(slots, nothing)
        # Tangent spaces are compared with those of the neighbours.
        for _ in range(2 if self.measure == 'tangent' else 1):
            found = self._measure(there, self._classes_of(slots), fill,
                                  nothing, live)
            self.log_curvature.fill_(math.nan)
            self._remember(there, *found)
        self.primed.fill_(True)

    def _remember(self, slots: Tensor, values: Tensor, near: Tensor,
                  tangents: Tensor) -> None:
        values = values.to(self.log_curvature)
        slots = slots.to(values.device)
        self.log_curvature.index_copy_(0, slots, values)
        if self.refresh == 'neighbors':
            self.near.index_copy_(0, slots, near.to(self.near))
        if self.measure == 'tangent':
            self.tangents.index_copy_(0, slots, tangents.to(self.tangents))

    def class_values(self) -> Tensor:
        """log G of every class from what is remembered, shape (C,)."""
        return self._reduce(self.log_curvature)

    def _reduce(self, values: Tensor) -> Tensor:
        labels = self.pool.slot_labels_beside(values)
        return reduce_by_class(values, labels, self.pool.num_classes, 'mean')

    def _forward(self, features, labels, indices) -> Tensor:
        if not self.primed:
            self._measure_stored(features[:0])
        pool = self.pool
        plan = pool.plan(features, labels, indices)
        fill = torch.minimum(pool.arrived + plan.arrivals, pool.capacity)
        live = self._take_live(plan.slots, features)
        anchors = live.slots
        if self.refresh == 'all':
            anchors = _occupied_slots(pool, fill)
        slots, classes = to_device(anchors,
                                   features), self._classes_of(anchors)
        if self.refresh == 'neighbors':
            slots, classes, weights = self._with_neighbors(live, fill)
        values, near, tangents = self._measure(slots, classes, fill, features,
                                               live)
        self._measured = (labels, plan, slots, values.detach(), near, tangents)
        remembered = self.log_curvature.to(values)
        if self.live == 'pool' and self.refresh != 'neighbors':
            return self._reduce(remembered.index_put((slots, ), values))
        remembered = remembered.index_put((slots, ), values.detach())
        log_g = self._reduce(remembered)
        if self.refresh == 'neighbors':
            number = count_by_class(~torch.isnan(remembered),
                                    self.pool.slot_labels_beside(values),
                                    pool.num_classes)
            own = to_device(
                classes.index.repeat_interleave(classes.count), values)
            return log_g + _weighted_gradient(values, own, weights, number,
                                              log_g)
        place = torch.searchsorted(anchors, live.slots)
        own = values.index_select(0, to_device(place, values))
        own_labels = to_device(pool.class_of(live.slots), values)
        return log_g + _minibatch_gradient(own, own_labels, log_g)

    def _classes_of(self, slots: Tensor) -> Classes:
        """Those of ascending slots in main memory, and how many of each."""
        return Classes(*self.pool.class_of(slots).unique_consecutive(
            return_counts=True))

    def _with_neighbors(self, live: LiveRows,
                        fill: Tensor) -> Tuple[Tensor, Classes, Tensor]:
        """Live slots and a sample of the stored ones that have a live
        neighbour, class by class, and what the gradient of each weighs.

        Of the M of a class, s are drawn, each with the weight M / s. Their
        number is fixed beforehand, so that nothing is read from a GPU: where
        it is above M, the others are measured with the weight 0.
        """
        classes, count = self._classes_of(live.slots)
        slots, weights, numbers = [], [], []
        row = self.live_row
        blocks = zip(classes.tolist(), count.tolist(),
                     live.slots_there.split(count.tolist()))
        for c, lives, own in blocks:
            start, held = int(self.pool.start[c]), int(fill[c])
            near = self.near[start:start + held]  # (held, k)
            is_live = row[start:start + held] >= 0
            meets = is_live[near.clamp_min(0).long()] & (near >= 0)
            meets = meets.any(1) & ~is_live
            drawn = min(self.sample * lives, held - lives)
            # Those that meet a live point first, in random order; then
            # other stored ones, live ones last.
            key = torch.rand(held, device=row.device) + (~meets).float()
            order = (key + 2 * is_live.float()).topk(
                drawn, largest=False).indices
            found = meets.sum()
            weight = meets[order] * found / found.clamp(1, max(drawn, 1))
            slots += [own, (start + order).to(own.device)]
            weights += [
                weight.new_ones(lives).to(own.device),
                weight.to(own.device)
            ]
            numbers.append(lives + drawn)
        if not slots:
            return live.slots_there, Classes(classes, count), row[:0].float()
        return torch.cat(slots), Classes(
            classes, torch.tensor(numbers)), torch.cat(weights)

    def _take_live(self, slots: Tensor, features: Tensor) -> LiveRows:
        """Let the batch's rows live in the slots of a plan, (B,)."""
        rows = (slots >= 0).nonzero()[:, 0]
        held, order = slots[rows].sort()
        live = LiveRows(held,
                        *to_device(torch.stack([held, rows[order]]), features))
        self.live_row.fill_(-1)
        there = self.live_row.device
        self.live_row.index_copy_(0, live.slots_there.to(there),
                                  live.rows_there.to(there))
        return live

    def _measure(self, anchors: Tensor, classes: Classes, fill: Tensor,
                 features: Tensor,
                 live: LiveRows) -> Tuple[Tensor, Tensor, Tensor]:
        """log|det| at the anchors (a,), which stand class by class on the
        device of the features, places of their neighbours in the class,
        (a, k), -1 for none, and their tangent spaces, (a, p, m), where they
        are measured, else (a, 0)."""
        m = self.fit_options['tangent_dim']
        needed = dict(curvature=neighbors_needed(m), spread=1, tangent=m)
        needed = needed[self.measure]
        own, count = classes
        number = torch.minimum(fill[own] - 1, torch.tensor(self.k))
        number[number < needed] = 0
        blocks = zip(own.tolist(), anchors.split(count.tolist()),
                     number.tolist())
        around, units, places = [], [], []
        for c, part, near in blocks:
            found = part.new_zeros(len(part), self.k)
            place = torch.full_like(found, -1)
            unit = features.new_ones(())
            if near:
                found[:, :near], unit = self._nearest_in_class(
                    part, c, int(fill[c]), near, features, live)
                place[:, :near] = found[:, :near] - int(self.pool.start[c])
            around.append(found)
            places.append(place)
            units.append(unit.expand(len(part)))
        if not around:
            return (features.new_empty(0), anchors.new_empty(0, self.k),
                    features.new_empty(0, features.shape[1], m))
        number = to_device(number.repeat_interleave(count), features)
        step = points_per_chunk(self.k, features, self.max_memory)
        if self.measure == 'tangent':
            step = max(1, step // (m + 1))  # each neighbour's space, too
        whole = anchors, torch.cat(around), number, torch.cat(units)
        parts = zip(*(each.split(step) for each in whole))
        found = [self._values(*part, features) for part in parts]
        values, tangents = map(torch.cat, zip(*found))
        return values, torch.cat(places), tangents

    def _nearest_in_class(self, anchors: Tensor, c: int, held: int, near: int,
                          features: Tensor,
                          live: LiveRows) -> Tuple[Tensor, Tensor]:
        """Slots of the anchors' nearest neighbours, shape (a, near), and
        the class's moderate unit."""
        start = int(self.pool.start[c])
        points = self.pool.features[start:start + held]
        points = points.to(features, copy=True)
        ours = live.within(start, start + held)
        points.index_copy_(
            0, live.slots_there[ours] - start,
            features.detach().index_select(0, live.rows_there[ours]))
        points, unit = to_moderate_unit(self._scaled(points))
        own = anchors - start
        queries = points.index_select(0, own)
        found = nearest(queries, points, near, own, self.max_memory)
        return start + found, unit

    def _values(self, anchors: Tensor, around: Tensor, number: Tensor,
                unit: Tensor, features: Tensor) -> Tuple[Tensor, Tensor]:
        """Values (a,) and tangent spaces, (a, p, m) or (a, 0), at anchors
        (a,) with neighbours (a, k), of which the first ``number`` are real,
        in units of their classes (a,)."""
        origin = self._current(anchors, features) / unit[:, None]  # (a, p)
        neighbors = self._current(around.flatten(), features)
        neighbors = neighbors.unflatten(0, around.shape)  # (a, k, p)
        offsets = neighbors / unit[:, None, None] - origin[:, None]
        real = torch.arange(self.k, device=unit.device) < number[:, None]
        offsets = torch.where(real[:, :, None], offsets, 0)
        none = offsets.new_empty(len(offsets), 0)
        if self.measure == 'spread':
            return log_spread(offsets, number) + 2 * unit.log(), none
        if self.measure == 'tangent':
            return self._tangent_variation(offsets, around, number, origin)
        curvature = curvature_of_offsets(
            offsets, number, origin=origin, **self.fit_options)
        # Each class has its own unit, so that none under- or overflows.
        m = self.fit_options['tangent_dim']
        return curvature.log_abs_det - m * unit.log(), none

    def _tangent_variation(self, offsets: Tensor, around: Tensor,
                           number: Tensor,
                           origin: Tensor) -> Tuple[Tensor, Tensor]:
        eps = torch.finfo(offsets.dtype).eps
        rounding = eps * origin.detach().abs().amax(1)  # of a coordinate
        rounding = number * offsets.shape[2] * rounding.square()
        tangents = tangent_spaces(offsets, number,
                                  self.fit_options['tangent_dim'], rounding)
        near = self.tangents[around.to(self.tangents.device)].to(offsets)
        return log_tangent_variation(offsets, number, tangents, near), tangents

    def _current(self, slots: Tensor, features: Tensor) -> Tensor:
        """Points in the slots, live where the batch has them, (a, p)."""
        there = slots.to(self.pool.features.device)
        stored = self.pool.features.index_select(0, there).to(features)
        if not len(features):
            return self._scaled(stored)
        row = self.live_row[slots.to(self.live_row.device)]
        row = row.to(features.device)
        # Indexing would add the gradients of a row in the order of threads.
        fresh = F.embedding(row.clamp_min(0), features)
        # Not before: a dropped row with inf would have a gradient of NaN.
        return self._scaled(torch.where((row >= 0)[:, None], fresh, stored))

    def _scaled(self, points: Tensor) -> Tensor:
        return to_unit_vectors(points) if self.normalize else points


def _check_choices(measure: str, refresh: str, live: str,
                   normalize: bool) -> None:
    """Raise ValueError if a choice is unknown or does not fit another."""
    choices = [
        ('measure', measure, MEASURES),
        ('refresh', refresh, REFRESHES),
        ('live', live, LIVES),
        ('normalize', normalize, (False, True)),
    ]
    for name, value, known in choices:
        if value not in known:
            raise ValueError(f'{name} must be one of {known}, got {value!r}.')
    if refresh == 'neighbors' and live != 'pool':
        raise ValueError(f"refresh='neighbors' needs live='pool', got {live!r}"
                         ': it estimates the gradient over all points itself.')


def _occupied_slots(pool: FeaturePool, fill: Tensor) -> Tensor:
    """Slots that hold a feature, (a,) int64, ascending; a class, which has
    fill (C,) of them, fills its own from the first on."""
    classes = fill.nonzero()[:, 0]
    count = fill[classes]
    first = pool.start[classes] - (count.cumsum(0) - count)
    total = torch.arange(int(count.sum()), device=count.device)
    return first.repeat_interleave(count) + total


def _minibatch_gradient(values: Tensor, labels: Tensor,
                        log_g: Tensor) -> Tensor:
    """Zero, with the gradient of log G as a batch's live points estimate it.

    It is that of (mean over live points of abs(det)) / G, which with the
    neighbours held is unbiased for the gradient over all points.

    Args:
        values (Tensor): log abs(det) of the live points, shape (a,), with
            graph; nan where it is undetermined.
        labels (Tensor): Shape (a,).
        log_g (Tensor): log G, shape (C,), a constant here.

    Returns:
        Tensor: Shape (C,); without gradient where log G is not finite or no
        live point has a value.
    """
    usable = torch.isfinite(log_g)
    used = ~torch.isnan(values)
    count = count_by_class(used, labels, len(log_g))
    values = torch.where(used, values, -math.inf)  # adds nothing
    log_sum = log_sum_exp_by_class(values, labels, len(log_g))
    usable &= torch.isfinite(log_sum.detach())
    ratio = torch.where(usable, log_sum - log_g, 0).exp() / count
    ratio = torch.where(usable, ratio, 0)
    return ratio - ratio.detach()


def _weighted_gradient(values: Tensor, labels: Tensor, weights: Tensor,
                       number: Tensor, log_g: Tensor) -> Tensor:
    """Zero, with the gradient of log G as weighted points estimate it.

    Args:
        values (Tensor): log abs(det), shape (a,), with graph; nan where it
            is undetermined.
        labels (Tensor): Shape (a,).
        weights (Tensor): Shape (a,), >= 0.
        number (Tensor): Shape (C,), points that enter G.
        log_g (Tensor): log G, shape (C,), a constant here.

    Returns:
        Tensor: Shape (C,); without gradient where log G is not finite.
    """
    usable = torch.isfinite(values.detach()) & torch.isfinite(log_g)[labels]
    values = torch.where(usable, values, 0)
    ratio = values - torch.where(usable, log_g[labels], 0)
    ratio = torch.where(usable, ratio, 0).exp()
    share = torch.where(usable, weights.to(values) / number[labels], 0)
    part = torch.zeros_like(log_g).index_add(0, labels, share * ratio)
    return part - part.detach()
