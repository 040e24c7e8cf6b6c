# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Volume of a point cloud manifold (Ma et al., Predicting and Enhancing the
Fairness of DNNs with the Curvature of Perceptual Manifolds, section 3.2 and
Algorithm 1), and the scatter matrices that the separation degree shares.

Everything is computed in float64, whatever the input: the identity beside a
scatter matrix of large features is below float32's resolution.

Letters: n points, p features, N points of all classes, C classes.
"""
from typing import List, Optional

import torch
from torch import Tensor

from .checks import check_features, check_points

_CHUNK_ELEMENTS = 2**22  # of float64 per chunk of points: 32 MiB


def manifold_volume(points: Tensor, center: bool = True) -> Tensor:
    r"""Volume of the space that the points span, in bits.

    .. math::
        \mathrm{Vol}(Z) = \tfrac12 \log_2 \det\bigl(I +
        \tfrac1n (Z - \bar Z)(Z - \bar Z)^T\bigr)

    Source: Ma et al., section 3.2. No departure; the determinant is taken in
    the log domain through the smaller of the (n, n) and (p, p) Gram matrices,
    which have the same non-zero eigenvalues.

    Args:
        points (Tensor): Floating-point features of shape (n, p).
        center (bool): Whether to subtract the mean first. Defaults to True.

    Returns:
        Tensor: A 0-d tensor, >= 0, in bits; differentiable in ``points``;
        float64 for float64 input, else float32. nan for n = 0, 0 for n = 1
        with ``center=True``. Eigenvalues of the scatter matrix below about
        1e-16 of the largest are not resolved.

    Raises:
        TypeError: If ``points`` is not a floating-point tensor.
        ValueError: If ``points`` is not (n, p), or holds NaN or inf.

    Examples:
        >>> import torch
        >>> corners = torch.tensor([[1., 0.], [-1., 0.], [0., 1.], [0., -1.]])
        >>> float(manifold_volume(corners * 2**0.5))  # scatter is the identity
        1.0
    """
    points = check_points(points)
    n, p = points.shape
    if n == 0:
        return points.new_full((), float('nan'))
    mean = points.mean(0, dtype=torch.float64) if center else None
    if n < p:
        rows = centered(points, mean)  # (n, p)
        gram = rows @ rows.T
    else:
        gram = scatter(points, mean)  # (p, p)
    return 0.5 * log2_det_identity_plus(gram / n).to(points.dtype)


def class_volume(features: Tensor,
                 labels: Tensor,
                 num_classes: int,
                 center: bool = True) -> Tensor:
    """Volume of each class manifold (Ma et al., Algorithm 1), in bits.

    Args:
        features (Tensor): Floating-point features of shape (N, p).
        labels (Tensor): Integer labels in [0, C) of shape (N,).
        num_classes (int): C, the number of classes.
        center (bool): Whether to subtract each class's mean first, as the
            formula of section 3.2 does. Defaults to True.

    Returns:
        Tensor: :func:`manifold_volume` of each class, of shape (C,); nan for
        a class without points.

    Raises:
        TypeError, ValueError: If the features or labels are not as above.
    """
    features, labels = check_features(features, labels, num_classes)
    return torch.stack([
        manifold_volume(features[index], center)
        for index in class_members(labels, num_classes)
    ])


def scatter(points: Tensor, mean: Optional[Tensor] = None) -> Tensor:
    """Sum of outer products of the points about ``mean``, in float64.

    Args:
        points (Tensor): Points of shape (n, p).
        mean (Tensor, optional): The centre, float64 of shape (p,); None is
            the origin. Defaults to None.

    Returns:
        Tensor: Of shape (p, p). The points are read in chunks, so no float64
        copy of all of them exists.
    """
    p = points.shape[1]
    total = points.new_zeros((p, p), dtype=torch.float64)
    for chunk in points.split(max(1, _CHUNK_ELEMENTS // max(1, p))):
        rows = centered(chunk, mean)  # (chunk, p)
        total = torch.addmm(total, rows.T, rows)
    return total


def centered(points: Tensor, mean: Optional[Tensor]) -> Tensor:
    """The points in float64, relative to ``mean`` (None is the origin)."""
    points = points.double()
    return points if mean is None else points - mean


def log2_det_identity_plus(matrix: Tensor, floor: float = 1.) -> Tensor:
    """log2 det(I + matrix), which never overflows.

    Args:
        matrix (Tensor): Symmetric (n, n) matrix in float64.
        floor (float): Known lower bound of the eigenvalues of I + matrix; 1
            when ``matrix`` is positive semi-definite. Used only where
            rounding makes the matrix look indefinite. Defaults to 1.

    Returns:
        Tensor: A 0-d float64 tensor.
    """
    identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    factor, info = torch.linalg.cholesky_ex(identity + matrix)
    if info.item() == 0:
        return 2 * factor.diagonal().log2().sum()
    return (1 + torch.linalg.eigvalsh(matrix)).clamp_min(floor).log2().sum()


def class_members(labels: Tensor, num_classes: int) -> List[Tensor]:
    """Indices of each class's points, ascending: C int64 tensors."""
    order = labels.argsort(stable=True)
    counts = torch.bincount(labels, minlength=num_classes)
    return list(order.split(counts.tolist()))
