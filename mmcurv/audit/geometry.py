# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The geometry of every class, and how far manifolds are from each other.

One class is in memory at a time. Pairs are all measured where that is cheap;
else each class and those with the nearest centres, which are where the
nearest manifold is looked for.
"""
import math
from typing import (Dict, Iterable, Iterator, List, NamedTuple, Optional,
                    Sequence, Tuple)

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.geometry import (PointCurvature, manifold_volume, mean_radius,
                             pairwise_separation)
from mmcurv.geometry.checks import to_moderate_unit
from mmcurv.geometry.curvature import curvature_of_offsets, points_per_chunk
from mmcurv.geometry.measures import FEWEST_NEIGHBORS, dimension_of_distances
from mmcurv.geometry.neighbors import nearest
from mmcurv.geometry.reduction import reduce_by_class
from mmcurv.geometry.volume import PairSeparation, separation_by_class
from .class_reader import ClassReader, threads_for
from .options import AuditOptions
from .result_cache import Progress, ResultCache, silent

FEWEST_BYTES = 2**26  # scratch below which chunks become slow
# Scatter along the normal over the floor of rounding: below it the normal is
# not known. Of float32, class curvatures differed by 6e-5 at margins of 6.
LEAST_MARGIN = 4.
TOGETHER = 1024  # points of small classes, of which a batch is measured faster
DISTANCES = 20  # neighbours behind dimension and relative spread
PURITY_NEIGHBORS = 10
NEARBY = 50  # classes, by their means, where the others are looked for
NEIGHBOR_PAIRS = 3e8  # distances, some seconds
FEWEST_QUERIES = 50  # of a class
MOST_HELD = 2**29  # bytes of the points of all classes


def measure_clouds(clouds: Sequence[Tensor],
                   others: Sequence[Tensor],
                   options: AuditOptions,
                   max_memory: int,
                   precision: float = 0.) -> List[Dict[str, float]]:
    """Measures of classes, from one search for the neighbours of each.

    Args:
        clouds (Sequence[Tensor]): Each (n, p), finite, float32 or float64, of
            one type; with few points all of as many.
        others (Sequence[Tensor]): For each (b, p), float64, the means of the
            classes near it.
        options (AuditOptions): Of the curvature.
        max_memory (int): Bound in bytes on scratch memory.
        precision (float): Relative unit in the last place of the points where
            they were stored. Defaults to 0.0: that of their type.

    Returns:
        list[dict]: ``points_measured`` n; ``points_used``, those with a
        determined curvature; ``curvature`` and ``log_curvature`` (Ma et al.,
        Algorithm 3, see :func:`~mmcurv.geometry.class_curvature`, with which
        it agrees); ``volume`` in bits; ``radius``; ``intrinsic_dimension``;
        ``fit_residual``, the median over points of the quadric's misfit as
        a share of the heights, and ``variance_explained``, 1 minus its
        square; ``fit_condition``, the median condition number of the fit;
        ``ill_conditioned``, the number of points whose fit loses half the
        digits; ``normal_undetermined``, the number of points whose normal
        may be one of rounding; ``relative_spread``. nan where not determined.
    """
    kind = clouds[0].dtype
    precision = precision or torch.finfo(kind).eps
    found, distances = _neighborhoods(clouds, options, max_memory, precision)
    limit = torch.finfo(kind).eps**-0.5
    measured = []
    for cloud, means, point, square in zip(clouds, others, found, distances):
        used = ~torch.isnan(point.log_abs_det)
        if kind == torch.float32 and (not (point.margin[used]
                                           > LEAST_MARGIN).all()):
            # Its rounding could have chosen the normal: decide in float64.
            (point, ), _ = _neighborhoods([cloud.double()], options,
                                          max_memory, precision)
            used = ~torch.isnan(point.log_abs_det)
        log_value = reduce_by_class(point.log_abs_det,
                                    torch.zeros(len(cloud), dtype=torch.long),
                                    1, options.reduction)
        residual = _median(point.residual[used])
        measured.append(
            dict(
                points_measured=len(cloud),
                points_used=int(used.sum()),
                curvature=log_value.exp().item(),
                log_curvature=log_value.item(),
                volume=manifold_volume(cloud).item(),
                radius=mean_radius(cloud).item(),
                intrinsic_dimension=_dimension(square),
                fit_residual=residual,
                variance_explained=1 - residual**2,
                fit_condition=_median(point.condition[used]),
                ill_conditioned=int((point.condition[used] > limit).sum()),
                normal_undetermined=int((point.margin[used]
                                         < LEAST_MARGIN).sum()),
                relative_spread=_relative_spread(cloud, means, square)))
    return measured


def _neighborhoods(
        clouds: Sequence[Tensor], options: AuditOptions, max_memory: int,
        precision: float) -> Tuple[List[PointCurvature], List[Tensor]]:
    """Curvature at the points of each cloud, and the squared distances
    (n, 20) to their neighbours, ascending, in units of their moderate unit.
    """
    near = min(max(options.k, DISTANCES), len(clouds[0]) - 1)
    sizes = [len(cloud) for cloud in clouds]
    if near < 1:
        nan = clouds[0].new_full((6, sizes[0]), math.nan)
        return ([PointCurvature(*nan)] * len(clouds),
                [nan.new_empty(size, 0) for size in sizes])
    points, around, units = neighborhoods(clouds, near, max_memory)
    step = points_per_chunk(near, points, max_memory)
    k, parts, distances = min(options.k, near), [], []
    for part, unit, index in zip(
            points.split(step), units.split(step), around.split(step)):
        if near > k:
            index = nearest_first(points, part, index)
        offsets = F.embedding(index, points) - part[:, None]
        square = offsets.square().sum(2).sort(dim=1).values
        distances.append(square[:, :DISTANCES])
        if k < options.neighbors_needed:
            nan = part.new_full((6, len(part)), math.nan)
            parts.append(PointCurvature(*nan))
            continue
        parts.append(
            curvature_of_offsets(
                offsets[:, :k],
                torch.full_like(index[:, 0], k),
                options.tangent_dim,
                options.normal,
                options.fit,
                options.ridge,
                origin=part,
                unit=unit,
                precision=precision))
    fields = [torch.cat(field).split(sizes) for field in zip(*parts)]
    return ([PointCurvature(*own)
             for own in zip(*fields)], list(torch.cat(distances).split(sizes)))


def neighborhoods(clouds: Sequence[Tensor], near: int,
                  max_memory: int) -> Tuple[Tensor, Tensor, Tensor]:
    """The nearest points of the own class, in no order.

    Args:
        clouds (Sequence[Tensor]): Each (n, p).
        near (int): Neighbours, fewer than the points of any of them; 0 gives
            none.
        max_memory (int): Bound in bytes on scratch memory.

    Returns:
        tuple: Points of all of moderate size (N, p), the places of the
        neighbours of each among them (N, near), and the unit of each (N,).
    """
    scaled, around, units, start = [], [], [], 0
    for cloud in clouds:
        points, unit = to_moderate_unit(cloud)
        if near:
            rows = torch.arange(len(points))
            found = nearest(points, points, near, rows, max_memory)
            around.append(found + start)
        else:
            around.append(torch.empty(len(points), 0, dtype=torch.long))
        scaled.append(points)
        units.append(unit.expand(len(points)))
        start += len(points)
    return torch.cat(scaled), torch.cat(around), torch.cat(units)


def nearest_first(points: Tensor, part: Tensor, index: Tensor) -> Tensor:
    """Neighbours in the order of their distance, ties in that of the points.

    Args:
        points (Tensor): (N, p).
        part (Tensor): (n, p), some of them.
        index (Tensor): (n, k), the places of their neighbours.

    Returns:
        Tensor: (n, k).
    """
    index = index.sort(dim=1).values
    square = (F.embedding(index, points) - part[:, None]).square().sum(2)
    order = square.sort(dim=1, stable=True).indices
    return index.gather(1, order)


def _dimension(square: Tensor) -> float:
    if square.shape[1] < FEWEST_NEIGHBORS:
        return math.nan
    return dimension_of_distances(square.double().sqrt()).item()


def _relative_spread(cloud: Tensor, means: Tensor, square: Tensor) -> float:
    """:func:`~mmcurv.geometry.relative_spread` of a class.

    Args:
        cloud (Tensor): (n, p).
        means (Tensor): (b, p), float64, of the classes near it.
        square (Tensor): (n, 20), distances in units of the moderate unit.
    """
    if not square.shape[1] or not len(means):
        return math.nan
    _, unit = to_moderate_unit(cloud)
    center = cloud.mean(0)
    points = (cloud - center) / unit
    means = ((means - center) / unit).to(cloud.dtype)
    # A product finds the nearest mean, a difference measures to it.
    place = torch.addmm(
        means.square().sum(1), points, means.T, alpha=-2).argmin(1)
    distance = (points - means[place]).square().sum(1)
    return (square.mean(1) / distance).mean().log().item()


def _median(values: Tensor) -> float:
    return values.median().item() if len(values) else math.nan


def measure_classes(reader: ClassReader,
                    options: AuditOptions,
                    cache: ResultCache,
                    progress: Progress = silent) -> List[Dict[str, float]]:
    """Measures of all classes.

    Args:
        reader (ClassReader): Of C classes.
        options (AuditOptions): Of the geometry.
        cache (ResultCache): What it holds is not computed again.
        progress (Progress): Told of each class;
            by default nobody is.

    Returns:
        list[dict]: C of them, those of
        :func:`~mmcurv.audit.geometry.measure_clouds`, and among the other
        classes ``separation`` and ``neighbor_purity``.
    """
    memory = scratch_memory(reader, options.max_memory)
    size = len(reader.counts)
    means = class_means(reader)
    nearby = near_classes(means, reader.present, NEARBY)
    classes = []
    for group in groups(reader.counts, max(options.k, DISTANCES)):

        def measure() -> List[Dict[str, float]]:
            return measure_clouds([reader(c) for c in group],
                                  [means[nearby.get(c, [])] for c in group],
                                  options, memory, reader.precision)

        largest = max(reader.counts[c] for c in group)
        with threads_for(largest * largest * reader.feature_dim):
            classes += cache.get(f'classes from {group[0]}', measure)
        progress('Curvature, volume, dimension', len(classes), size)
    progress('Separation', 0, 1)
    with threads_for(largest_product(reader)):
        degrees = cache.get(
            'separation', lambda: separation_by_class(
                reader, reader.counts, options.center_separation).tolist())
    progress('Separation', 1, 1)
    purities = _purities(reader, nearby, memory, cache, progress)
    return [
        dict(measures, separation=degree, neighbor_purity=purity)
        for measures, degree, purity in zip(classes, degrees, purities)
    ]


def groups(counts: Sequence[int], near: int) -> Iterator[List[int]]:
    """Classes in their order, as many together as are one batch.

    Args:
        counts (Sequence[int]): (C,) points.
        near (int): Neighbours that are looked for; classes that have fewer
            are together only with those of as many.
    """
    group, points, fewest = [], 0, 0
    for c, count in enumerate(counts):
        found = min(near, count - 1)
        if group and (points + count > TOGETHER or found != fewest):
            yield group
            group, points = [], 0
        group.append(c)
        points, fewest = points + count, found
    if group:
        yield group


def class_means(reader: ClassReader) -> Tensor:
    """Mean of each class, (C, p) float64; nan for one without points."""
    means = torch.full((len(reader.counts), reader.feature_dim),
                       math.nan,
                       dtype=torch.float64)
    for c in reader.present:
        means[c] = reader(c).mean(0, dtype=torch.float64)
    return means


def near_classes(means: Tensor, present: List[int],
                 number: int) -> Dict[int, List[int]]:
    """The classes whose means are nearest to each, the nearest first."""
    own = means[present]
    own = own - own.mean(0)  # rounding minds the origin
    take = min(number + 1, len(present))
    near = {}
    for start in range(0, len(present), 1024):
        distance = torch.cdist(own[start:start + 1024], own)
        order = distance.topk(take, dim=1, largest=False).indices
        for row, places in enumerate(order.tolist()):
            c = present[start + row]
            others = [present[b] for b in places if present[b] != c]
            near[c] = others[:number]
    return near


def _purities(reader: ClassReader, nearby: Dict[int, List[int]], memory: int,
              cache: ResultCache, progress: Progress) -> List[float]:
    """Share of the own class among the nearest neighbours, of each class.

    Of a class as many points are asked for as cost little. Where these would
    be too few, or all points too many to hold, neighbours are looked for in
    the nearest classes.
    """
    total, stage = sum(reader.counts), 'Neighbours in other classes'
    most = int(NEIGHBOR_PAIRS / max(1, total) / max(1, len(reader.present)))
    if total * reader.feature_dim * 4 <= MOST_HELD and most >= FEWEST_QUERIES:
        progress(stage, 0, 1)
        found = cache.get('purity',
                          lambda: _purity_among_all(reader, most, memory))
        progress(stage, 1, 1)
        return found
    found = []
    for c in range(len(reader.counts)):
        found.append(
            cache.get(
                f'purity {c}', lambda: _purity_among_near(
                    reader, c, nearby.get(c, []), memory)))
        progress(stage, c + 1, len(reader.counts))
    return found


def _purity_among_all(reader: ClassReader, most: int,
                      memory: int) -> List[float]:
    counts = torch.tensor(reader.counts)
    labels = torch.arange(len(counts)).repeat_interleave(counts)
    points = reader.held
    if points is None:
        points = torch.cat([reader(c) for c in reader.present])
    first = (counts.cumsum(0) - counts).tolist()
    rows = torch.cat([
        first[c] + _spread_over(reader.counts[c], most) for c in reader.present
    ])
    pure = _pure(points.float(), labels, rows, memory)
    number = torch.bincount(labels[rows], minlength=len(counts))
    right = pure.new_zeros(len(counts)).index_add(0, labels[rows], pure)
    return (right / number).tolist()


def _purity_among_near(reader: ClassReader, c: int, others: List[int],
                       memory: int) -> float:
    if not others:
        return math.nan
    clouds = [reader(near) for near in (c, *others)]
    points = torch.cat(clouds).float()
    labels = torch.arange(len(clouds)).repeat_interleave(
        torch.tensor([len(cloud) for cloud in clouds]))
    most = int(NEIGHBOR_PAIRS / len(points) / len(reader.present))
    rows = _spread_over(len(clouds[0]), max(FEWEST_QUERIES, most))
    return _pure(points, labels, rows, memory).mean().item()


def _spread_over(count: int, most: int) -> Tensor:
    """At most so many of 0..count-1, evenly."""
    return torch.linspace(0, count - 1, min(count, most)).round().long()


def _pure(points: Tensor, labels: Tensor, rows: Tensor, memory: int) -> Tensor:
    """Share of the own class among the neighbours of these rows, float64."""
    with threads_for(len(rows) * points.numel()):
        around = nearest(points[rows], points,
                         min(PURITY_NEIGHBORS,
                             len(points) - 1), rows, memory)
    return (labels[around] == labels[rows, None]).double().mean(1)


def largest_product(reader: ClassReader) -> float:
    """Multiplications of the largest matrix product of a separation."""
    p = reader.feature_dim
    return p * p * max(p, *reader.counts)


def memory_needed(reader: ClassReader) -> int:
    """Bytes that are held whatever the bound: a class, (p, p) matrices.

    A class is there once as it was read, and once in float64 or as the copies
    that curvature and separation make of it.
    """
    p = reader.feature_dim
    size = 8 if reader.features.dtype.itemsize > 4 else 4
    return max(reader.counts) * p * (size + 24) + 5 * p * p * 8


def scratch_memory(reader: ClassReader, max_memory: int) -> int:
    """Bound for the chunks of the geometry, in bytes.

    Half of what is left: results of one step lie beside those of the next.
    """
    held = 0 if reader.held is None else reader.held.nbytes
    left = max_memory - memory_needed(reader) - held
    return max(FEWEST_BYTES, left // 2)


# In multiplications. A pair costs at least what calling it costs.
ALL_PAIRS_COST = 1e11
CANDIDATES_COST = 1e12
PAIR_OVERHEAD = 1e7
MOST_CANDIDATES = 10
STAGE = 'Separation of pairs'


class ManifoldPairs(NamedTuple):
    """Separation degrees of pairs of classes.

    Attributes:
        separation (dict): (i, j) to the separation degree of class i when j
            is the only other class; nan where it is not defined.
        candidates (int, optional): Nearest centres that each class was
            compared with; None if all pairs are there.
    """
    separation: Dict[Tuple[int, int], float]
    candidates: Optional[int]

    def nearest(self, num_classes: int) -> List[Optional[Tuple[int, float]]]:
        """Class of the smallest degree and that degree, for each class."""
        best: List[Optional[Tuple[int, float]]] = [None] * num_classes
        for (i, j), degree in sorted(self.separation.items()):
            if not math.isnan(degree) and (best[i] is None
                                           or degree < best[i][1]):
                best[i] = (j, degree)
        return best


def manifold_pairs(reader: ClassReader,
                   center: bool,
                   max_memory: int,
                   cache: ResultCache,
                   wanted: Iterable[Tuple[int, int]] = (),
                   progress: Progress = silent) -> ManifoldPairs:
    """Separation degree of pairs of classes (Ma et al., section 3.3, C = 2).

    Args:
        reader (ClassReader): Of C classes.
        center (bool): As in
            :func:`~mmcurv.geometry.pairwise_separation`.
        max_memory (int): Bound in bytes on what all pairs may hold.
        cache (ResultCache): What it holds is not computed again.
        wanted (Iterable[tuple[int, int]]): Pairs to measure in any case.
            Defaults to ().
        progress (Progress): Told of each pair;
            by default nobody is.

    Returns:
        ManifoldPairs: Both directions of each pair.
    """
    present = [c for c, count in enumerate(reader.counts) if count]
    pairs = len(present) * (len(present) - 1) / 2
    alone, together = pair_costs(reader, present)
    held = sum(reader.counts) * reader.feature_dim * 16
    if pairs * together <= ALL_PAIRS_COST and held <= max_memory:
        progress(STAGE, 0, 1)
        with threads_for(largest_product(reader)):
            separation = cache.get('pairs',
                                   lambda: _all_pairs(reader, present, center))
        progress(STAGE, 1, 1)
        return ManifoldPairs({(i, j): s for i, j, s in separation}, None)
    candidates = int(CANDIDATES_COST / (max(1, len(present)) * alone))
    candidates = min(max(candidates, 1), MOST_CANDIDATES, len(present) - 1)
    nearby = near_classes(class_means(reader), present, candidates)
    near = {_ordered(i, j) for i, others in nearby.items() for j in others}
    near |= {_ordered(*pair) for pair in wanted if set(pair) <= set(present)}
    partners = {}
    for i, j in sorted(near):
        partners.setdefault(i, []).append(j)
    separation = PairSeparation.of_points(reader, center)
    found = {}
    for done, (i, others) in enumerate(partners.items()):

        def measure() -> List[Tuple[int, float, float]]:
            return _beside(separation, i, others, reader, max_memory)

        with threads_for(largest_product(reader)):
            for j, there, back in cache.get(f'pairs of {i}', measure):
                found[i, j], found[j, i] = there, back
        progress(STAGE, done + 1, len(partners))
    return ManifoldPairs(found, candidates)


def _beside(separation: PairSeparation, i: int, others: List[int],
            reader: ClassReader,
            max_memory: int) -> List[Tuple[int, float, float]]:
    """Both degrees of class i and each other one."""
    p = reader.feature_dim
    step = max(1, max_memory // (4 * p * min(p, max(reader.counts)) * 8))
    found = []
    for at in range(0, len(others), step):
        part = others[at:at + step]
        there, back = separation(i, part)
        found += zip(part, there.tolist(), back.tolist())
    return found


def pair_costs(reader: ClassReader, present: List[int]) -> Tuple[float, float]:
    """Multiplications of the mean pair, measured alone or among all pairs.

    Among all, the scatter matrix of a large class is made only once.
    """
    p = reader.feature_dim
    n = sum(reader.counts) / max(1, len(present))
    if 2 * n < p:
        cost = PAIR_OVERHEAD + 4 * n * n * p + 8 * n**3 / 3
        return cost, cost
    scatter = 4 * n * p * p
    shared = 0 if n >= p else scatter
    return (PAIR_OVERHEAD + scatter + p**3, PAIR_OVERHEAD + shared + p**3)


def _all_pairs(reader: ClassReader, present: List[int],
               center: bool) -> List[Tuple[int, int, float]]:
    points = reader.held
    if points is None:
        points = torch.cat([reader(c) for c in present])
    labels = torch.arange(len(present)).repeat_interleave(
        torch.tensor([reader.counts[c] for c in present]))
    table = pairwise_separation(points, labels, len(present), center)
    table = table.tolist()
    return [(i, j, table[a][b]) for a, i in enumerate(present)
            for b, j in enumerate(present) if a != b]


def _ordered(i: int, j: int) -> Tuple[int, int]:
    return (i, j) if i < j else (j, i)
