# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The geometry of every class, and how far manifolds are from each other.

One class is in memory at a time. Pairs are all measured where that is cheap;
else each class and those with the nearest centres, which are where the
nearest manifold is looked for.
"""
import math
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

import torch
from torch import Tensor

from mmcurv.geometry import (intrinsic_dimension, manifold_volume, mean_radius,
                             pairwise_separation, point_curvature)
from mmcurv.geometry.reduction import reduce_by_class
from mmcurv.geometry.volume import separation_by_class
from .class_reader import (ClassReader, Progress, ResultCache, silent,
                           threads_for)
from .options import AuditOptions


def measure_class(points: Tensor, options: AuditOptions,
                  max_memory: int) -> Dict[str, float]:
    """Measures of one class that need no other class.

    Args:
        points (Tensor): (n, p), finite, float32 or float64.
        options (AuditOptions): Of the curvature.
        max_memory (int): Bound in bytes on scratch memory.

    Returns:
        dict: ``num_points`` n; ``points_used``, those with a determined
        curvature; ``curvature`` and ``log_curvature`` (Ma et al.,
        Algorithm 3, see :func:`~mmcurv.geometry.class_curvature`, with which
        it agrees); ``volume`` in bits; ``radius``; ``intrinsic_dimension``;
        ``fit_residual``, the median over points of the quadric's misfit as
        a share of the heights; ``fit_condition``, the median condition
        number of the fit; ``ill_conditioned``, the number of points whose
        fit loses half the digits. nan where not determined.
    """
    found = point_curvature(
        points,
        k=options.k,
        tangent_dim=options.tangent_dim,
        normal=options.normal,
        fit=options.fit,
        ridge=options.ridge,
        max_memory=max_memory)
    used = ~torch.isnan(found.log_abs_det)
    labels = torch.zeros(len(points), dtype=torch.long)
    log_value = reduce_by_class(found.log_abs_det, labels, 1,
                                options.reduction)
    limit = torch.finfo(points.dtype).eps**-0.5
    return dict(
        num_points=len(points),
        points_used=int(used.sum()),
        curvature=log_value.exp().item(),
        log_curvature=log_value.item(),
        volume=manifold_volume(points).item(),
        radius=mean_radius(points).item(),
        intrinsic_dimension=intrinsic_dimension(points,
                                                max_memory=max_memory).item(),
        fit_residual=_median(found.residual[used]),
        fit_condition=_median(found.condition[used]),
        ill_conditioned=int((found.condition[used] > limit).sum()))


def _median(values: Tensor) -> float:
    return values.median().item() if len(values) else math.nan


FEWEST_BYTES = 2**26  # scratch below which chunks become slow


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
        :func:`~mmcurv.audit.geometry.measure_class` and
        ``separation`` from all the other classes.
    """
    memory = scratch_memory(reader, options.max_memory)
    classes = []
    for c, count in enumerate(reader.counts):
        with threads_for(count * count * reader.feature_dim):
            classes.append(
                cache.get(f'class {c}',
                          lambda: measure_class(reader(c), options, memory)))
        progress('Curvature, volume, dimension', c + 1, len(reader.counts))
    progress('Separation', 0, 1)
    with threads_for(largest_product(reader)):
        degrees = cache.get(
            'separation', lambda: separation_by_class(
                reader, reader.counts, options.center_separation).tolist())
    progress('Separation', 1, 1)
    return [
        dict(measures, separation=degree)
        for measures, degree in zip(classes, degrees)
    ]


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
    near = _near_centers(reader, present, candidates)
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


def _near_centers(reader: ClassReader, present: List[int],
                  candidates: int) -> Set[Tuple[int, int]]:
    """Each class with the classes of the nearest centres, as (i < j)."""
    centers = torch.stack([reader(c).mean(0) for c in present])  # (C, p)
    centers = centers - centers.mean(0)  # rounding minds the origin
    take = min(candidates + 1, len(present))
    pairs = set()
    for start in range(0, len(present), 1024):
        distance = torch.cdist(centers[start:start + 1024], centers)
        for row, near in enumerate(_smallest(distance, take)):
            i = present[start + row]
            others = [present[b] for b in near if present[b] != i]
            pairs |= {_ordered(i, j) for j in others[:candidates]}
    return pairs


def _smallest(distance: Tensor, take: int) -> List[List[int]]:
    return distance.topk(take, dim=1, largest=False).indices.tolist()


def _ordered(i: int, j: int) -> Tuple[int, int]:
    return (i, j) if i < j else (j, i)
