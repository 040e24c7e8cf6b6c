# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far class manifolds are from each other, two at a time.

All pairs where that is cheap; else each class and those with the nearest
centres, which are where the nearest manifold is looked for.
"""
import math
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

import torch
from torch import Tensor

from mmcurv.geometry import pairwise_separation
from .class_reader import ClassReader
from .few_threads import threads_for
from .measure_classes import largest_product
from .progress import Progress, silent
from .result_cache import ResultCache

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
