# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How hard the classes are to tell apart, from their features alone.

Three measures of a class among the others, and two of its surface. In
contrast to curvature, the first two know of the other classes, and go with
class accuracy where curvature does not. None of them is in Ma et al.

Letters: N points, n of one class, p features, C classes, k neighbours,
m tangent dimensions. For a point i of class c, N_i are the min(k, n_c - 1)
nearest other points of its own class, and mu_c is the mean of class c.
"""
import math
from typing import Callable, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_features, to_moderate_unit
from .curvature import points_per_chunk
from .frames import local_frames
from .neighbors import DEFAULT_MEMORY, nearest
from .reduction import class_members


def neighbor_purity(features: Tensor,
                    labels: Tensor,
                    num_classes: int,
                    k: int = 10,
                    max_memory: int = DEFAULT_MEMORY) -> Tensor:
    """Share of own class among the nearest neighbours over all classes.

    The leave-one-out accuracy of a classifier that answers with one of the
    k nearest neighbours at random. Among points without structure it is
    (n_c - 1) / (N - 1), and a class of n_c <= k points cannot exceed
    (n_c - 1) / k: compare classes of one size. It does not depend on unit,
    origin or axes.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours; min(k, N - 1) are used. Defaults to 10.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: Shape (C,), in [0, 1]; nan for a class without points, and
        for a single point.

    Raises:
        TypeError, ValueError: If an argument is not as above or not finite.
    """
    features, labels = _checked(features, labels, num_classes, k)
    near = min(k, len(features) - 1)
    if near < 1:
        return features.new_full((num_classes, ), math.nan)
    rows = torch.arange(len(features), device=features.device)
    around = nearest(features, features, near, rows, max_memory)  # (N, k)
    own = (labels[around] == labels[:, None]).double().mean(1)  # (N,)
    return _class_means(own, labels, num_classes).to(features.dtype)


def relative_spread(features: Tensor,
                    labels: Tensor,
                    num_classes: int,
                    k: int = 20,
                    max_memory: int = DEFAULT_MEMORY) -> Tensor:
    r"""Spread of a class over the distance of the nearest other class mean.

    .. math::
        v_c = \log \frac1{n_c} \sum_{i \in c}
        \frac{\frac1k \sum_{j \in N_i} |z_i - z_j|^2}
        {\min_{c' \ne c} |z_i - \mu_{c'}|^2}

    Large where points lie far apart in their class and near to another one.
    It does not depend on unit, origin or axes.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 20.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: Shape (C,), natural logs; nan for a class of fewer than two
        points or without another class, -inf where all points of the class
        coincide, inf where a point lies on another class's mean.

    Raises:
        TypeError, ValueError: If an argument is not as above or not finite.
    """
    features, labels = _checked(features, labels, num_classes, k)
    features, _ = to_moderate_unit(features - features.mean(0))
    members = class_members(labels, num_classes)
    present = [c for c, own in enumerate(members) if len(own)]
    values = features.new_full((num_classes, ), math.nan)
    if len(present) < 2:
        return values
    means = torch.stack([features[members[c]].mean(0) for c in present])
    for position, c in enumerate(present):
        points = features[members[c]]
        if len(points) < 2:
            continue
        others = torch.cat([means[:position], means[position + 1:]])
        # A product finds the nearest mean, a difference measures to it: where
        # rounding takes another one, that one is as near.
        step = max(
            1, max_memory //
            (4 * others.numel() // points.shape[1] * points.itemsize))
        square = others.square().sum(1)
        distance = torch.cat([(part - others[torch.addmm(
            square, part, others.T, alpha=-2).argmin(1)]).square().sum(1)
                              for part in points.split(step)])  # (n,)
        spread = _squared_distances(points, k, max_memory)
        values[c] = (spread / distance).mean().log()
    return values


def local_spread(features: Tensor,
                 labels: Tensor,
                 num_classes: int,
                 k: int = 20,
                 max_memory: int = DEFAULT_MEMORY) -> Tensor:
    r"""Log of the mean squared distance to the neighbours in the class.

    .. math::
        s_c = \log \frac1{n_c k} \sum_{i \in c} \sum_{j \in N_i}
        |z_i - z_j|^2

    What the released program of Ma et al. reacts to, instead of the
    curvature that they print: with no more neighbours than features the sum
    of its singular values is k, and only the norms are left. Features times
    a have 2 log a more.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 20.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: Shape (C,), natural logs of a squared length; nan for a class
        of fewer than two points, -inf where all of them coincide.

    Raises:
        TypeError, ValueError: If an argument is not as above or not finite.
    """
    features, labels = _checked(features, labels, num_classes, k)
    features, unit = to_moderate_unit(features)
    values = _by_class(
        features, labels, num_classes, 2,
        lambda points: _squared_distances(points, k, max_memory).mean().log())
    return values + 2 * unit.log()


def tangent_variation(features: Tensor,
                      labels: Tensor,
                      num_classes: int,
                      k: int = 40,
                      tangent_dim: int = 8,
                      max_memory: int = DEFAULT_MEMORY) -> Tensor:
    r"""Mean squared sine between the tangent spaces of neighbours.

    .. math::
        t_c = \frac1{n_c k} \sum_{i \in c} \sum_{j \in N_i}
        \Bigl(1 - \tfrac1m |T_i^T T_j|_F^2\Bigr)

    with T_i an orthonormal basis (p, m) of the tangent space at i, the m
    largest principal directions of i and its neighbours. 0 for a flat
    class, 1 for tangent spaces at right angles; spaces drawn at random have
    1 - m / p. It does not depend on unit, origin or axes.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m, at most k. Defaults to 8.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: Shape (C,), in [0, 1]; nan for a class of fewer than m + 1
        points. Points whose neighbourhood spans fewer than m directions are
        left out; nan if none is left.

    Raises:
        TypeError, ValueError: If an argument is not as above or not finite.
    """

    def variation(points: Tensor) -> Tensor:
        around, frames = _tangents(points, k, tangent_dim, max_memory)
        usable = frames[1] >= tangent_dim  # (n,)
        tangents = frames[0]  # (n, p, m)
        width = points.shape[1] * tangent_dim
        step = max(
            1, max_memory // (2 * around.shape[1] * width * points.itemsize))
        common = torch.cat([
            torch.einsum('npm,nkpq->nkmq', own, tangents[near]).square().sum(
                (2, 3))
            for own, near in zip(tangents.split(step), around.split(step))
        ]) / tangent_dim  # (n, k)
        counted = usable[:, None] & usable[around]
        return (1 - common)[counted].mean().clamp(0, 1)

    features, labels = _checked(features, labels, num_classes, k, tangent_dim)
    features, _ = to_moderate_unit(features)
    return _by_class(features, labels, num_classes, tangent_dim + 1, variation)


def surface_variation(features: Tensor,
                      labels: Tensor,
                      num_classes: int,
                      k: int = 40,
                      tangent_dim: int = 8,
                      max_memory: int = DEFAULT_MEMORY) -> Tensor:
    r"""Mean share of the neighbours' variance outside the tangent space.

    .. math::
        u_c = \frac1{n_c} \sum_{i \in c}
        \frac{\sum_{j > m} \lambda_{ij}}{\sum_j \lambda_{ij}}

    with the eigenvalues, descending, of the covariance of i and its
    neighbours. Pauly, Gross and Kobbelt, "Efficient simplification of
    point-sampled surfaces", 2002, have m = p - 1. 0 for a flat class. It
    does not depend on unit, origin or axes.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m, at most k. Defaults to 8.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: Shape (C,), in [0, 1]; nan for a class of fewer than m + 1
        points, and where all its points coincide.

    Raises:
        TypeError, ValueError: If an argument is not as above or not finite.
    """

    def variation(points: Tensor) -> Tensor:
        around, (tangents, rank) = _tangents(points, k, tangent_dim,
                                             max_memory)
        shares = []
        step = points_per_chunk(around.shape[1], points, max_memory)
        for part, near, own in zip(
                points.split(step), around.split(step), tangents.split(step)):
            cloud = torch.cat([part[:, None], points[near]], 1)
            cloud = cloud - cloud.mean(1, keepdim=True)  # (n, k + 1, p)
            total = cloud.square().sum((1, 2))
            inside = (cloud @ own).square().sum((1, 2))
            shares.append(1 - inside / total)
        return torch.cat(shares)[rank > 0].mean().clamp(0, 1)

    features, labels = _checked(features, labels, num_classes, k, tangent_dim)
    features, _ = to_moderate_unit(features)
    return _by_class(features, labels, num_classes, tangent_dim + 1, variation)


def _checked(features: Tensor,
             labels: Tensor,
             num_classes: int,
             k: int,
             tangent_dim: int = 1) -> Tuple[Tensor, Tensor]:
    if not 1 <= tangent_dim <= k:
        raise ValueError('1 <= tangent_dim <= k is needed, got '
                         f'tangent_dim={tangent_dim} and k={k}.')
    return check_features(features.detach(), labels, num_classes)


def _by_class(features: Tensor, labels: Tensor, num_classes: int, fewest: int,
              measure: Callable[[Tensor], Tensor]) -> Tensor:
    """``measure`` of each class's points, nan below ``fewest`` of them."""
    nan = features.new_full((), math.nan)
    return torch.stack([
        measure(features[own]) if len(own) >= fewest else nan
        for own in class_members(labels, num_classes)
    ])


def _class_means(values: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    total = values.new_zeros(num_classes).index_add(0, labels, values)
    return total / torch.bincount(labels, minlength=num_classes)


def _neighbors(points: Tensor, k: int, max_memory: int) -> Tensor:
    """The min(k, n - 1) nearest other points of each, (n, k)."""
    rows = torch.arange(len(points), device=points.device)
    return nearest(points, points, min(k, len(points) - 1), rows, max_memory)


def _squared_distances(points: Tensor, k: int, max_memory: int) -> Tensor:
    """Mean squared distance of each point to its neighbours, (n,)."""
    around = _neighbors(points, k, max_memory)
    step = points_per_chunk(around.shape[1], points, max_memory)
    return torch.cat([
        (F.embedding(near, points) - part[:, None]).square().sum(2).mean(1)
        for part, near in zip(points.split(step), around.split(step))
    ])


def _tangents(points: Tensor, k: int, tangent_dim: int,
              max_memory: int) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
    """Neighbours (n, k), tangent vectors (n, p, m) and rank (n,)."""
    around = _neighbors(points, k, max_memory)
    vectors, ranks = [], []
    step = points_per_chunk(around.shape[1], points, max_memory)
    for part, near in zip(points.split(step), around.split(step)):
        offsets = F.embedding(near, points) - part[:, None]
        count = torch.full_like(near[:, 0], near.shape[1])
        frames = local_frames(offsets, count, tangent_dim, normal='next')
        vectors.append(frames.vectors[..., :tangent_dim])
        ranks.append(frames.rank)
    return around, (torch.cat(vectors), torch.cat(ranks))
