# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Exact nearest neighbours inside one set of points, in bounded memory."""
import math
from typing import Optional, Tuple

import torch
from torch import Tensor

from .checks import check_points, on_host

DEFAULT_MEMORY = 256 * 2**20  # bytes of scratch, not counting the result
SPARE = 8  # candidates beyond k
BLOCK = 2**20  # distances at a time, so that they stay in a CPU's cache
GROUP = 8  # columns of which only the smallest is looked at first
WORTH_GROUPS = 4  # groups for each of the k


def knn(points: Tensor, k: int, max_memory: int = DEFAULT_MEMORY) -> Tensor:
    """Indices of the k nearest other points (Euclidean), nearest first.

    A point is excluded from its own list by its index, so a duplicate of a
    point is its neighbour, at distance 0. Equal distances are ordered by the
    lower index.

    Args:
        points (Tensor): Shape (n, p), any real unit. float16 and bfloat16
            are compared in float32.
        k (int): Number of neighbours, 1 <= k <= n - 1.
        max_memory (int): Bound in bytes on the scratch memory; at least one
            row of distances is always held. Defaults to 268435456.

    Returns:
        Tensor: Shape (n, k), int64.

    Raises:
        ValueError: If k does not fit n, or a coordinate is NaN or inf.
    """
    points = check_points(points).detach()
    n = points.shape[0]
    if not 1 <= k <= n - 1:
        raise ValueError(f'knn expects 1 <= k <= n - 1 = {n - 1} for {n} '
                         f'points, got k={k}. Lower k or give more points.')
    rows = torch.arange(n, device=points.device)
    neighbors = nearest(points, points, k, rows, max_memory)
    ordered = torch.empty_like(neighbors)
    step = _rows_per_chunk(k * points.shape[1], points, max_memory)
    for start in range(0, n, step):
        chunk = neighbors[start:start + step].sort(dim=1).values  # (r, k)
        offsets = points[chunk] - points[start:start + step, None]
        order = offsets.square().sum(-1).sort(dim=1, stable=True).indices
        ordered[start:start + step] = chunk.gather(1, order)
    return ordered


def nearest(queries: Tensor,
            points: Tensor,
            k: int,
            exclude: Optional[Tensor] = None,
            max_memory: int = DEFAULT_MEMORY) -> Tensor:
    """Indices of the k points nearest to each query, in no given order.

    Squared distances come from one matrix product, whose cancellation can
    swap points of nearly equal distance. Rows in which the k-th and the next
    distance are closer than that rounding error are measured again from
    direct differences, so the *set* of neighbours is exact. On a GPU, which
    would have to be waited for to know these rows, all rows are: see
    :func:`nearest_of_candidates`.

    Args:
        queries (Tensor): Shape (a, p).
        points (Tensor): Shape (n, p), n > k, or n == k without ``exclude``.
        k (int): Number of neighbours.
        exclude (Tensor, optional): Shape (a,), int64: the point that is no
            neighbour of the query, usually itself. Defaults to None.
        max_memory (int): Bound in bytes on the scratch memory. Defaults to
            268435456.

    Returns:
        Tensor: Shape (a, k), int64.
    """
    if not on_host(points):
        return nearest_of_candidates(queries, points, k, exclude, max_memory)
    queries, points = queries.detach(), points.detach()
    # Distances do not care about the origin, rounding does.
    center = points.mean(0)
    centered = points - center
    square = centered.square().sum(1)  # (n,)
    rounding = torch.finfo(points.dtype).eps * (4 + math.sqrt(points.shape[1]))
    largest = square.max()
    number, n = queries.shape[0], points.shape[0]
    available = n - (exclude is not None)
    out = queries.new_empty(number, k, dtype=torch.long)
    step = _rows_per_chunk(3 * n, points, max_memory)
    step = min(step, max(1, BLOCK // n), max(1, number))
    held = points.new_empty(step, n)  # new pages for each block cost as much
    for start in range(0, number, step):
        query = queries[start:start + step] - center
        distance = torch.addmm(
            square, query, centered.T, alpha=-2, out=held[:len(query)])
        if exclude is not None:
            skip = exclude[start:start + step, None]
            distance.scatter_(1, skip, math.inf)
        value, index = _smallest(distance, min(k + 1, available))
        out[start:start + step] = index[:, :k]
        if available == k:
            continue  # everything is a neighbour
        error = rounding * (query.square().sum(1) + largest)
        unsure = (value[:, k] - value[:, k - 1] <= 2 * error).nonzero()[:, 0]
        if len(unsure):
            out[start + unsure] = _nearest_by_difference(
                queries[start + unsure], points, k,
                None if exclude is None else skip[unsure], max_memory)
    return out


def _smallest(distance: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    """The k smallest of each row, ascending, and their columns, (r, k).

    They lie in the k groups of columns whose smallest are smallest, so that
    most columns need not be sorted.
    """
    rows, n = distance.shape
    groups = n // GROUP
    if groups < WORTH_GROUPS * k:
        return distance.topk(k, largest=False)
    grouped = distance[:, :groups * GROUP].view(rows, GROUP, groups)
    best = grouped.amin(1).topk(k, largest=False, sorted=False).indices
    column = torch.arange(0, groups * GROUP, groups)[:, None]  # (GROUP, 1)
    column = (best[:, None] + column).flatten(1)
    rest = torch.arange(groups * GROUP, n).expand(rows, -1)
    column = torch.cat([column, rest], 1)
    value, place = distance.gather(1, column).topk(k, largest=False)
    return value, column.gather(1, place)


def nearest_of_candidates(queries: Tensor,
                          points: Tensor,
                          k: int,
                          exclude: Optional[Tensor] = None,
                          max_memory: int = DEFAULT_MEMORY) -> Tensor:
    """The same in steps whose sizes do not depend on the distances.

    A few more than k candidates come from the matrix product and are
    measured again from direct differences. The set is exact unless more
    points than ``SPARE`` lie between the k-th distance and its rounding
    error, and then those taken instead are as near to within that error.
    Arguments and result as in :func:`nearest`.
    """
    center = points.mean(0)
    centered = points - center
    square = centered.square().sum(1)  # (n,)
    available = points.shape[0] - (exclude is not None)
    number = min(k + SPARE, available)
    out = []
    per_row = 3 * points.shape[0] + 3 * number * points.shape[1]
    step = _rows_per_chunk(per_row, points, max_memory)
    for start in range(0, queries.shape[0], step):
        query = queries[start:start + step]
        distance = torch.addmm(square, query - center, centered.T, alpha=-2)
        if exclude is not None:
            distance.scatter_(1, exclude[start:start + step, None], math.inf)
        index = distance.topk(number, largest=False).indices
        index = index.sort(dim=1).values  # (r, number), for ties
        offsets = points[index] - query[:, None]
        order = offsets.square().sum(-1).sort(dim=1, stable=True).indices
        out.append(index.gather(1, order[:, :k]))
    return torch.cat(out) if out else queries.new_empty(0, k, dtype=torch.long)


def _nearest_by_difference(queries: Tensor, points: Tensor, k: int,
                           exclude: Optional[Tensor],
                           max_memory: int) -> Tensor:
    """The k nearest by direct differences; ties go to the lower index."""
    out = []
    step = _rows_per_chunk(4 * points.shape[0], points, max_memory)
    for start in range(0, len(queries), step):
        distance = torch.cdist(
            queries[start:start + step],
            points,
            compute_mode='donot_use_mm_for_euclid_dist')
        if exclude is not None:
            distance.scatter_(1, exclude[start:start + step], math.inf)
        # All that are nearer than the k-th, and of its equals the first.
        kth = distance.kthvalue(k, dim=1, keepdim=True).values
        nearer, equal = distance < kth, distance == kth
        room = k - nearer.sum(1, keepdim=True)
        chosen = nearer | (equal & (equal.cumsum(1) <= room))
        out.append(chosen.nonzero()[:, 1].view(-1, k))
    return torch.cat(out)


def _rows_per_chunk(numbers_per_row: int, like: Tensor,
                    max_memory: int) -> int:
    return max(1, max_memory // max(1, numbers_per_row * like.element_size()))
