# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Size and dimension of a point cloud."""
import math

import torch
from torch import Tensor

from .checks import check_points, to_moderate_unit
from .neighbors import DEFAULT_MEMORY, knn

FEWEST_NEIGHBORS = 3


def mean_radius(points: Tensor) -> Tensor:
    """Mean Euclidean distance of the points to their mean.

    Curvature has the unit 1 / length^m, so this length tells how much of a
    difference in curvature is a difference in scale.

    Args:
        points (Tensor): Shape (n, p), floating point.

    Returns:
        Tensor: A 0-d tensor >= 0 in the unit of the points; 0 for one point,
        nan for none.

    Raises:
        TypeError, ValueError: If ``points`` is not as above or not finite.
    """
    points = check_points(points)
    if not len(points):
        return points.new_full((), math.nan)
    # The scale is taken out, so that squares neither over- nor underflow.
    offsets = points - points.mean(0)
    scale = offsets.abs().amax() if offsets.numel() else points.new_zeros(())
    if scale == 0:
        return torch.zeros_like(scale)
    return scale * (offsets / scale).norm(dim=1).mean()


def intrinsic_dimension(points: Tensor,
                        k: int = 20,
                        max_memory: int = DEFAULT_MEMORY) -> Tensor:
    r"""Dimension of the manifold that the points are drawn from.

    Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension",
    2004: the distances to the k nearest neighbours of a point grow like those
    of a Poisson process, whose rate gives the dimension. Departure: the
    inverse estimates of the points are averaged rather than the estimates,
    which is the maximum likelihood over all points together (MacKay and
    Ghahramani, 2005).

    .. math::
        d = \Bigl(\frac{1}{n (k - 1)} \sum_i \sum_{j=1}^{k-1}
        \log \frac{T_k(z_i)}{T_j(z_i)}\Bigr)^{-1}

    with T_j the distance to the j-th nearest neighbour. It does not depend
    on the unit of length. High dimensions are underestimated from few
    points.

    Args:
        points (Tensor): Shape (n, p), floating point.
        k (int): Neighbours; min(k, n - 1) are used. Defaults to 20.
        max_memory (int): Bound in bytes on the scratch memory.
            Defaults to 268435456.

    Returns:
        Tensor: A 0-d tensor >= 0. nan with fewer than 4 points, and where
        all neighbours of a point lie at one distance. Points that have a
        duplicate among their neighbours say nothing and are left out.

    Raises:
        TypeError, ValueError: If ``points`` is not as above or not finite, or
            k is below 3.
    """
    if k < FEWEST_NEIGHBORS:
        raise ValueError(f'k must be >= {FEWEST_NEIGHBORS}, got {k}: the '
                         'estimate compares distances to several neighbours.')
    points, _ = to_moderate_unit(check_points(points))
    n = len(points)
    near = min(k, n - 1)
    if near < FEWEST_NEIGHBORS:
        return points.new_full((), math.nan)
    neighbors = knn(points, near, max_memory)  # (n, k), nearest first
    numbers = near * points.shape[1] * points.element_size()
    step = max(1, max_memory // (2 * max(1, numbers)))
    distance = torch.cat([
        (points[around] - part[:, None]).norm(dim=2)
        for part, around in zip(points.split(step), neighbors.split(step))
    ]).double()  # (n, k)
    return dimension_of_distances(distance).to(points.dtype)


def dimension_of_distances(distance: Tensor) -> Tensor:
    """:func:`intrinsic_dimension` from distances to neighbours.

    Args:
        distance (Tensor): Shape (n, k), ascending.

    Returns:
        Tensor: A 0-d tensor.
    """
    distance = distance[distance[:, 0] > 0]
    logs = (distance[:, -1:] / distance[:, :-1]).log()
    inverse = logs.mean()  # nan if no point is left
    return 1 / torch.where(inverse > 0, inverse, math.nan)
