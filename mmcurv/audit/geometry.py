# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The geometry of every class, and how far manifolds are from each other.

One class is in memory at a time. Pairs are all measured where that is cheap;
else each class and those with the nearest centres, which are where the
nearest manifold is looked for.
"""
import math
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from mmcurv.geometry import (intrinsic_dimension, manifold_volume, mean_radius,
                             pairwise_separation, point_curvature,
                             relative_spread)
from mmcurv.geometry.neighbors import nearest
from mmcurv.geometry.reduction import reduce_by_class
from mmcurv.geometry.volume import separation_by_class
from .class_reader import ClassReader, threads_for
from .options import AuditOptions
from .result_cache import Progress, ResultCache, silent

FEWEST_BYTES = 2**26  # scratch below which chunks become slow
# Scatter along the normal over the floor of rounding: below it the normal is
# not known. Of float32, class curvatures differed by 6e-5 at margins of 6.
LEAST_MARGIN = 4.
PURITY_NEIGHBORS = 10
NEARBY = 50  # classes, by their means, where the others are looked for
NEIGHBOR_PAIRS = 3e8  # distances, some seconds
FEWEST_QUERIES = 50  # of a class
MOST_HELD = 2**29  # bytes of the points of all classes


def measure_class(points: Tensor,
                  options: AuditOptions,
                  max_memory: int,
                  precision: float = 0.) -> Dict[str, float]:
    """Measures of one class that need no other class.

    Args:
        points (Tensor): (n, p), finite, float32 or float64.
        options (AuditOptions): Of the curvature.
        max_memory (int): Bound in bytes on scratch memory.
        precision (float): Relative unit in the last place of the points where
            they were stored. Defaults to 0.0: that of their type.

    Returns:
        dict: ``points_measured`` n; ``points_used``, those with a determined
        curvature; ``curvature`` and ``log_curvature`` (Ma et al.,
        Algorithm 3, see :func:`~mmcurv.geometry.class_curvature`, with which
        it agrees); ``volume`` in bits; ``radius``; ``intrinsic_dimension``;
        ``fit_residual``, the median over points of the quadric's misfit as
        a share of the heights, and ``variance_explained``, 1 minus its
        square; ``fit_condition``, the median condition number of the fit;
        ``ill_conditioned``, the number of points whose fit loses half the
        digits; ``normal_undetermined``, the number of points whose normal
        may be one of rounding. nan where not determined.
    """
    precision = precision or torch.finfo(points.dtype).eps
    found = _curvature(points, options, max_memory, precision)
    used = ~torch.isnan(found.log_abs_det)
    narrow = points.dtype == torch.float32
    if narrow and not (found.margin[used] > LEAST_MARGIN).all():
        # Its own rounding could have chosen the normal: decide in float64.
        found = _curvature(points.double(), options, max_memory, precision)
        used = ~torch.isnan(found.log_abs_det)
    labels = torch.zeros(len(points), dtype=torch.long)
    log_value = reduce_by_class(found.log_abs_det, labels, 1,
                                options.reduction)
    limit = torch.finfo(points.dtype).eps**-0.5
    residual = _median(found.residual[used])
    return dict(
        points_measured=len(points),
        points_used=int(used.sum()),
        curvature=log_value.exp().item(),
        log_curvature=log_value.item(),
        volume=manifold_volume(points).item(),
        radius=mean_radius(points).item(),
        intrinsic_dimension=intrinsic_dimension(points,
                                                max_memory=max_memory).item(),
        fit_residual=residual,
        variance_explained=1 - residual**2,
        fit_condition=_median(found.condition[used]),
        ill_conditioned=int((found.condition[used] > limit).sum()),
        normal_undetermined=int((found.margin[used] < LEAST_MARGIN).sum()))


def _curvature(points: Tensor, options: AuditOptions, max_memory: int,
               precision: float):
    return point_curvature(
        points,
        k=options.k,
        tangent_dim=options.tangent_dim,
        normal=options.normal,
        fit=options.fit,
        ridge=options.ridge,
        max_memory=max_memory,
        precision=precision)


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
        :func:`~mmcurv.audit.geometry.measure_class`, and among the other
        classes ``separation``, ``neighbor_purity`` and ``relative_spread``.
    """
    memory = scratch_memory(reader, options.max_memory)
    size = len(reader.counts)
    classes = []
    for c, count in enumerate(reader.counts):
        with threads_for(count * count * reader.feature_dim):
            classes.append(
                cache.get(
                    f'class {c}', lambda: measure_class(
                        reader(c), options, memory, reader.precision)))
        progress('Curvature, volume, dimension', c + 1, size)
    progress('Separation', 0, 1)
    with threads_for(largest_product(reader)):
        degrees = cache.get(
            'separation', lambda: separation_by_class(
                reader, reader.counts, options.center_separation).tolist())
    progress('Separation', 1, 1)
    means = None
    for c in range(size):
        if means is None and f'neighbors {c}' not in cache:
            means = class_means(reader)
            nearby = near_classes(means, reader.present, NEARBY)
            purities = _purity_among_all(reader, memory)
        purity, spread = cache.get(
            f'neighbors {c}',
            lambda: _among_others(reader, c, means, nearby, purities, memory))
        classes[c] = dict(
            classes[c],
            separation=degrees[c],
            neighbor_purity=purity,
            relative_spread=spread)
        progress('Neighbours in other classes', c + 1, size)
    return classes


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


def _purity_among_all(reader: ClassReader,
                      memory: int) -> Optional[List[float]]:
    """Purity of the neighbours of each class among the points of all.

    Of a class as many points are asked for as cost little; None where these
    would be too few, or where all points are too many to hold.
    """
    total = sum(reader.counts)
    most = int(NEIGHBOR_PAIRS / max(1, total) / max(1, len(reader.present)))
    held = total * reader.feature_dim * 4
    if held > MOST_HELD or most < FEWEST_QUERIES:
        return None
    counts = torch.tensor(reader.counts)
    labels = torch.arange(len(counts)).repeat_interleave(counts)
    points = torch.cat([reader(c).float() for c in reader.present])
    first = (counts.cumsum(0) - counts).tolist()
    rows = torch.cat([
        first[c] + _spread_over(reader.counts[c], most) for c in reader.present
    ])
    pure = _pure(points, labels, rows, memory)
    number = torch.bincount(labels[rows], minlength=len(counts))
    right = pure.new_zeros(len(counts)).index_add(0, labels[rows], pure)
    return (right / number).tolist()


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


def _among_others(reader: ClassReader, c: int, means: Tensor,
                  nearby: Dict[int,
                               List[int]], purities: Optional[List[float]],
                  memory: int) -> Tuple[float, float]:
    """Purity of the neighbours of class c and its relative spread.

    With many classes neighbours are looked for in the nearest ones.
    """
    count, others = reader.counts[c], nearby.get(c, [])
    if not count or not others:
        return math.nan, math.nan
    cloud = reader(c)
    if purities is not None:
        purity = purities[c]
    else:
        clouds = [cloud.float()] + [reader(other).float() for other in others]
        points = torch.cat(clouds)
        labels = torch.arange(len(clouds)).repeat_interleave(
            torch.tensor([len(one) for one in clouds]))
        most = int(NEIGHBOR_PAIRS / len(points) / len(reader.present))
        rows = _spread_over(count, max(FEWEST_QUERIES, most))
        purity = _pure(points, labels, rows, memory).mean().item()
    # Each other class as its mean alone: that is all the spread asks of.
    centers = means[others].to(cloud.dtype)
    names = torch.arange(1, len(others) + 1)
    with threads_for(count * count * reader.feature_dim):
        spread = relative_spread(
            torch.cat([cloud, centers]),
            torch.cat([torch.zeros(count, dtype=torch.long), names]),
            len(others) + 1,
            max_memory=memory)[0].item()
    return purity, spread


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
    left = max_memory - memory_needed(reader)
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
    found = {}
    for done, (i, j) in enumerate(sorted(near)):
        with threads_for(largest_product(reader)):
            degrees = cache.get(f'pair {i} {j}',
                                lambda: _two(reader, i, j, center))
        found[i, j], found[j, i] = degrees
        progress(STAGE, done + 1, len(near))
    return ManifoldPairs(found, candidates)


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
    clouds = [reader(c) for c in present]
    labels = torch.arange(len(present)).repeat_interleave(
        torch.tensor([len(cloud) for cloud in clouds]))
    table = pairwise_separation(
        torch.cat(clouds), labels, len(present), center)
    return [(i, j, table[a, b].item()) for a, i in enumerate(present)
            for b, j in enumerate(present) if a != b]


def _two(reader: ClassReader, i: int, j: int,
         center: bool) -> Tuple[float, float]:
    first, second = reader(i), reader(j)
    labels = torch.tensor([0, 1]).repeat_interleave(
        torch.tensor([len(first), len(second)]))
    table = pairwise_separation(torch.cat([first, second]), labels, 2, center)
    return table[0, 1].item(), table[1, 0].item()


def _ordered(i: int, j: int) -> Tuple[int, int]:
    return (i, j) if i < j else (j, i)
