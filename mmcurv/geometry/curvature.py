# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gaussian curvature at the points of a point cloud, and of classes.

Algorithm 3 of Ma et al., *Predicting and Enhancing the Fairness of DNNs with
the Curvature of Perceptual Manifolds*, Section 3.4. The departures, each of
which the printed algorithm needs before it can run, stand in the docstring of
:func:`point_curvature`.
"""
import math
from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_features, check_points, is_whole, to_moderate_unit
from .frames import NORMALS, local_frames
from .neighbors import DEFAULT_MEMORY, nearest
from .quadric import FITS, fit_quadric
from .reduction import REDUCTIONS, class_members, reduce_by_class
from .threads import in_threads

DEFAULT_RIDGE = 1e-4
CACHED_POINTS = 1024  # of usual size


class PointCurvature(NamedTuple):
    """Curvature at n points; every field has shape (n,).

    Attributes:
        det (Tensor): Signed det H, unit 1 / length^m. Its sign is that of
            an arbitrary normal when m is odd.
        log_abs_det (Tensor): Natural log of abs(det); finite where det
            itself over- or underflows, -inf where the surface is flat.
        sign (Tensor): -1, 0 or 1.
        residual (Tensor): Root-mean-square misfit of the quadric over that
            of the heights, >= 0; 0 is a perfect fit.
        condition (Tensor): Condition number of the least-squares design.
        margin (Tensor): Scatter along the normal over what rounding, in
            storage and in arithmetic, can produce; near 1 the normal is not
            determined, and 0 says that float32 dropped a direction. nan
            where no ``precision`` was given.
    """
    det: Tensor
    log_abs_det: Tensor
    sign: Tensor
    residual: Tensor
    condition: Tensor
    margin: Tensor


class ClassCurvature(NamedTuple):
    """Curvature of C classes; every field has shape (C,).

    Attributes:
        value (Tensor): Reduced abs(det), unit 1 / length^m; nan where no
            point of the class has one.
        log_value (Tensor): Its natural log, finite where value overflows.
        count (Tensor): Samples of the class, int64.
        points_used (Tensor): Samples with a determined curvature, int64.
    """
    value: Tensor
    log_value: Tensor
    count: Tensor
    points_used: Tensor


def point_curvature(points: Tensor,
                    k: int = 40,
                    tangent_dim: int = 2,
                    normal: str = 'smallest',
                    fit: str = 'ridge',
                    ridge: float = DEFAULT_RIDGE,
                    half: bool = True,
                    max_memory: int = DEFAULT_MEMORY,
                    precision: float = 0.) -> PointCurvature:
    """Gaussian curvature at every point of one point cloud.

    Departures from Algorithm 3: m is a parameter instead of k - 1; the
    duplicate columns of the design are merged (``fit='paper'`` keeps them
    and takes the pseudo-inverse); theta is the Hessian, so that a unit
    sphere has curvature 1 (``half=False`` gives 2^-m times that); heights
    and tangent coordinates are divided by the neighbourhood's radius before
    the fit and the result is scaled back, so nothing overflows.

    Args:
        points (Tensor): Shape (n, p), float32 or float64 (half precision is
            widened). Differentiable; the gradient holds the neighbours
            and the directions of the frames constant.
        k (int): Neighbours; k_c = min(k, n - 1) are used. Defaults to 40.
        tangent_dim (int): m, with m(m+1)/2 <= k. Defaults to 2.
        normal (str): 'smallest' or 'next', see
            :func:`~mmcurv.geometry.frames.local_frames`.
            Defaults to 'smallest'.
        fit (str): 'ridge', 'symmetric' or 'paper'. Defaults to 'ridge'.
        ridge (float): Relative ridge of ``fit='ridge'``, >= 0; 0 is plain
            least squares by normal equations. Defaults to 0.0001.
        half (bool): Fit t = 1/2 o^T theta o rather than t = o^T theta o.
            Defaults to True.
        max_memory (int): Bound in bytes on scratch memory. With gradients
            the graph itself comes on top: about n (k + p)(m + 1) numbers.
            Defaults to 268435456.
        precision (float): Relative rounding of the coordinates where they
            were stored, such as 2**-10 for float16; directions in which they
            extend no further than it reaches do not count. Defaults to 0.0:
            that of their type.

    Returns:
        PointCurvature: Six tensors (n,). All are nan where the fit is not
        determined: fewer than max(m(m+1)/2, m + 1) neighbours, or
        neighbours that span fewer than m directions (duplicates, a line).
        Where they span exactly m the surface is flat and det is 0.

    Raises:
        ValueError: If an option is unknown or out of range, or a coordinate
            is NaN or inf.
    """
    check_options(k, tangent_dim, normal, fit, ridge)
    return _curvature_of_cloud(
        check_points(points), k, tangent_dim, normal, fit, ridge, half,
        max_memory, precision)


def class_curvature(features: Tensor,
                    labels: Tensor,
                    num_classes: int,
                    k: int = 40,
                    tangent_dim: int = 2,
                    normal: str = 'smallest',
                    fit: str = 'ridge',
                    ridge: float = DEFAULT_RIDGE,
                    half: bool = True,
                    reduction: str = 'mean',
                    max_memory: int = DEFAULT_MEMORY) -> ClassCurvature:
    """Mean Gaussian curvature of each class (Algorithm 3, line 15).

    Departure: the mean is taken over abs(det), because the normal's sign is
    arbitrary and Curvature Regularization needs a positive value. A class of
    n_c samples uses min(k, n_c - 1) neighbours.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m. Defaults to 2.
        normal (str): See :func:`point_curvature`. Defaults to 'smallest'.
        fit (str): See :func:`point_curvature`. Defaults to 'ridge'.
        ridge (float): See :func:`point_curvature`. Defaults to 0.0001.
        half (bool): See :func:`point_curvature`. Defaults to True.
        reduction (str): 'mean', 'geometric' or 'median' of abs(det).
            Defaults to 'mean'.
        max_memory (int): Bound in bytes on scratch memory.
            Defaults to 268435456.

    Returns:
        ClassCurvature: Four tensors (C,).

    Raises:
        ValueError: If features are not finite, a label is out of range, or
            an option is unknown.

    Example:
        >>> import torch
        >>> from mmcurv.geometry import class_curvature
        >>> features = torch.randn(300, 8)
        >>> labels = torch.arange(300) % 3
        >>> class_curvature(features, labels, num_classes=3).count
        tensor([100, 100, 100])
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f'reduction must be one of {REDUCTIONS}, '
                         f'got {reduction!r}.')
    check_options(k, tangent_dim, normal, fit, ridge)
    features, labels = check_features(features, labels, num_classes)
    members = class_members(labels, num_classes)
    log_abs_det = torch.cat([
        _curvature_of_cloud(features[own], k, tangent_dim, normal, fit, ridge,
                            half, max_memory).log_abs_det for own in members
    ])
    labels = labels[torch.cat(members)]  # class by class, as log_abs_det
    log_value = reduce_by_class(log_abs_det, labels, num_classes, reduction)
    used = labels[~torch.isnan(log_abs_det)]
    return ClassCurvature(
        value=log_value.exp(),
        log_value=log_value,
        count=torch.bincount(labels, minlength=num_classes),
        points_used=torch.bincount(used, minlength=num_classes))


def _curvature_of_cloud(points: Tensor,
                        k: int,
                        tangent_dim: int,
                        normal: str,
                        fit: str,
                        ridge: float,
                        half: bool,
                        max_memory: int,
                        precision: float = 0.) -> PointCurvature:
    """:func:`point_curvature` of what has been checked."""
    points, unit = to_moderate_unit(points)
    near = min(k, len(points) - 1)
    if near < neighbors_needed(tangent_dim):
        return PointCurvature(*points.new_full((6, len(points)), math.nan))
    rows = torch.arange(len(points), device=points.device)
    graph = torch.is_grad_enabled() and points.requires_grad
    threads = torch.get_num_threads() if points.is_cpu and not graph else 1
    max_memory //= threads

    def measure(part: Tensor) -> PointCurvature:
        around = nearest(points[part], points, near, part, max_memory)
        # Indexing would add the gradients of a row in the order of threads.
        origin = F.embedding(part, points)
        offsets = F.embedding(around, points).sub_(origin[:, None])
        return curvature_of_offsets(offsets, torch.full_like(part, near),
                                    tangent_dim, normal, fit, ridge, half,
                                    origin, unit, precision)

    with torch.set_grad_enabled(graph):
        parts = in_threads(measure, rows,
                           points_per_chunk(near, points, max_memory))
    return PointCurvature(*map(torch.cat, zip(*parts)))


def curvature_of_offsets(offsets: Tensor,
                         count: Tensor,
                         tangent_dim: int = 2,
                         normal: str = 'smallest',
                         fit: str = 'ridge',
                         ridge: float = DEFAULT_RIDGE,
                         half: bool = True,
                         origin: Optional[Tensor] = None,
                         unit: Optional[Tensor] = None,
                         precision: float = 0.) -> PointCurvature:
    """Curvature at points whose neighbours are given as offsets.

    Args:
        offsets (Tensor): Shape (n, k, p), neighbour minus point, of moderate
            size; rows beyond ``count`` are zero.
        count (Tensor): Shape (n,), real neighbours of each point.
        tangent_dim (int): m. Defaults to 2.
        normal (str): See :func:`point_curvature`. Defaults to 'smallest'.
        fit (str): See :func:`point_curvature`. Defaults to 'ridge'.
        ridge (float): See :func:`point_curvature`. Defaults to 0.0001.
        half (bool): See :func:`point_curvature`. Defaults to True.
        origin (Tensor, optional): Shape (n, p), the points themselves: far
            from 0 their rounding blurs small offsets. Defaults to None.
        unit (Tensor, optional): Scalar by which offsets and origin were
            divided, see :func:`~mmcurv.geometry.checks.to_moderate_unit`.
            Defaults to None.
        precision (float): As in :func:`point_curvature`; needs ``origin``.
            Defaults to 0.0.

    Returns:
        PointCurvature: Six tensors (n,).
    """
    m, fixed = tangent_dim, offsets.detach()
    rounding = None
    if origin is not None:
        rounding = rounding_floor(origin.detach(), count, precision)
    frames = local_frames(offsets, count, m, normal, rounding)
    usable = (frames.rank >= m) & (count >= neighbors_needed(m))
    curved = usable & (frames.rank > m)
    radius = fixed.flatten(1).norm(dim=1) / count.clamp_min(1).sqrt()
    radius = torch.where(radius > 0, radius, 1)  # (n,)
    local = offsets @ (frames.vectors / radius[:, None, None])  # (n, k, m + 1)
    # Flat and undetermined points enter the fit as a harmless bowl, so that
    # no NaN arises whose zero gradient would poison the rest.
    local = torch.where(curved[:, None, None], local,
                        _harmless(local.shape[1], m, local))
    tangent, height = local[..., :m], local[..., m]
    hessian, residual, condition = fit_quadric(tangent, height, fit, ridge)
    sound = torch.isfinite(hessian.detach()).all(2).all(1)
    # A singular Hessian (a centrally symmetric neighbourhood) has det 0 and
    # no gradient; slogdet would give NaN even where none is asked for.
    singular = torch.linalg.slogdet(hessian.detach()).sign == 0
    regular = (sound & ~singular)[:, None, None]
    hessian = torch.where(regular, hessian,
                          torch.eye(m, dtype=local.dtype, device=local.device))
    sign, log_abs = torch.linalg.slogdet(hessian)
    log_abs = log_abs - m * radius.log()
    if unit is not None:
        log_abs = log_abs - m * unit.log()
    if not half:
        log_abs = log_abs - m * math.log(2)
    det = sign * log_abs.exp()
    bent = curved & ~singular
    residual = torch.where(curved, residual, 0.)
    margin = torch.full_like(residual, math.nan)
    if rounding is not None and precision:
        along = height.detach() * radius[:, None]
        spread = along.square().sum(1) - along.sum(1).square() / (count + 1)
        # Decompositions are exact to this share of the largest eigenvalue.
        size = min(fixed.shape[1:]) * torch.finfo(fixed.dtype).eps
        floor = torch.maximum(rounding, size * fixed.square().sum((1, 2)))
        margin = spread / floor  # nan where all coordinates are 0
        if fixed.dtype == torch.float32:
            whole = torch.clamp(count, max=fixed.shape[2])
            margin = torch.where(frames.rank < whole, 0., margin)
    fields = []
    for value, flat in ((det, 0.), (log_abs, -math.inf), (sign, 0.),
                        (residual, residual), (condition, condition), (margin,
                                                                       0.)):
        value = torch.where(bent, value, flat)
        fields.append(torch.where(usable & sound, value, math.nan))
    return PointCurvature(*fields)


def rounding_floor(origin: Tensor,
                   count: Tensor,
                   precision: float = 0.) -> Tensor:
    """Eigenvalue of a neighbourhood's scatter that rounding can produce.

    In arithmetic: the bound over all coordinates. In storage: k + 1 points
    whose p coordinates are off by up to half a unit in the last place, whose
    variance is at most (precision |z|)^2 / 12, have no eigenvalue above
    variance (sqrt(k) + sqrt(p))^2 but for a small excess.

    Args:
        origin (Tensor): Shape (n, p), the points.
        count (Tensor): Shape (n,), neighbours k of each.
        precision (float): Relative unit in the last place where the points
            were stored; 0 for that of their type. Defaults to 0.0.

    Returns:
        Tensor: Shape (n,).
    """
    p, eps = origin.shape[1], torch.finfo(origin.dtype).eps
    floor = count * p * (eps * origin.abs().amax(1)).square()
    if precision:
        # Neighbours can be twice as large as the point itself.
        variance = (2 * precision * origin).square().mean(1) / 12
        reach = count.to(origin.dtype).sqrt() + math.sqrt(p)
        floor = torch.maximum(floor, variance * reach.square())
    return floor


def check_options(k: int, tangent_dim: int, normal: str, fit: str,
                  ridge: float) -> None:
    """Raise ValueError if an option of the curvature makes no sense."""
    if normal not in NORMALS:
        raise ValueError(f'normal must be one of {NORMALS}, got {normal!r}.')
    if fit not in FITS:
        raise ValueError(f'fit must be one of {FITS}, got {fit!r}.')
    for name, number in (('tangent_dim', tangent_dim), ('k', k)):
        if not is_whole(number):
            raise ValueError(f'{name} must be >= 1 and a whole number, got '
                             f'{number!r}.')
    if neighbors_needed(tangent_dim) > k:
        raise ValueError(
            f'tangent_dim={tangent_dim} has {neighbors_needed(tangent_dim)} '
            f'unknowns, more than the k={k} neighbours can fix. Raise k or '
            f'lower tangent_dim.')
    if not 0 <= ridge < math.inf:
        raise ValueError(f'ridge must be >= 0 and finite, got {ridge}.')


def neighbors_needed(tangent_dim: int) -> int:
    """Neighbours that a fit with a normal direction needs at least."""
    return max(tangent_dim * (tangent_dim + 1) // 2, tangent_dim + 1)


def points_per_chunk(k: int, points: Tensor, max_memory: int) -> int:
    """Points whose offsets and Gram matrices fit into ``max_memory``; on the
    CPU no more than stay in its cache."""
    side = min(k, points.shape[1])
    numbers = 3 * k * points.shape[1] + 4 * side * side
    step = max(1, max_memory // (numbers * points.element_size()))
    return min(step, CACHED_POINTS) if points.device.type == 'cpu' else step


def _harmless(k: int, m: int, like: Tensor) -> Tensor:
    """Coordinates (k, m + 1) on the bowl t = |o|^2 / 2, well conditioned."""
    angle = torch.arange(k * m, dtype=like.dtype, device=like.device) + 1
    tangent = (angle.square() * 0.7548776662).sin().reshape(k, m)
    height = tangent.square().sum(1, keepdim=True) / 2
    return torch.cat([tangent, height], 1)
