# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measures of a point's neighbourhood beside curvature, with gradient.

Both are given offsets d_j = z_j - z_i, shape (n, k, p), of moderate size,
whose rows beyond ``count`` are zero. The values of
:func:`mmcurv.geometry.local_spread` and
:func:`mmcurv.geometry.tangent_variation` are means of these over a class.
"""
import math
from typing import Tuple

import torch
from torch import Tensor

from mmcurv.geometry.frames import local_frames

# Added to each gap of eigenvalues, in parts of the largest: without a gap
# the tangent space jumps, and the gradient would have no bound.
SMALLEST_GAP = 1e-3


def log_spread(offsets: Tensor, count: Tensor) -> Tensor:
    """log of the mean of |d_j|^2, differentiable in all offsets.

    Args:
        offsets (Tensor): Shape (n, k, p).
        count (Tensor): Shape (n,), real neighbours.

    Returns:
        Tensor: Shape (n,); nan without neighbours, -inf where all of them
        coincide with the point.
    """
    square = offsets.square().sum((1, 2)) / count.clamp_min(1)
    apart = square > 0
    value = torch.where(apart, square, 1).log()
    value = torch.where(apart, value, -math.inf)
    return torch.where(count > 0, value, math.nan)


def tangent_spaces(offsets: Tensor, count: Tensor, tangent_dim: int,
                   rounding: Tensor) -> Tensor:
    """The m largest principal directions of the points and their neighbours.

    Args:
        offsets (Tensor): Shape (n, k, p).
        count (Tensor): Shape (n,).
        tangent_dim (int): m.
        rounding (Tensor): Shape (n,), see
            :func:`~mmcurv.geometry.frames.local_frames`.

    Returns:
        Tensor: Shape (n, p, m), orthonormal columns; 0 where the
        neighbourhood spans fewer than m directions.
    """
    frames = local_frames(offsets, count, tangent_dim, 'next', rounding)
    spans = frames.rank >= tangent_dim
    tangents = frames.vectors[..., :tangent_dim]
    return torch.where(spans[:, None, None], tangents, 0)


def log_tangent_variation(offsets: Tensor, count: Tensor, tangents: Tensor,
                          around: Tensor) -> Tensor:
    r"""log of 1 - |T_i^T T_j|^2 / m, a mean over the neighbours j.

    Differentiated: the projection T_i T_i^T on the largest principal
    directions of the neighbourhood, in the offsets, by the perturbation of
    eigenvectors: with M the mean of T_j T_j^T,

    .. math::
        d\,\mathrm{tr}(M\,T_i T_i^T) = 2 \sum_{a \le m < b}
        \frac{v_a^T M v_b}{\lambda_a - \lambda_b}\, v_a^T\, dC\, v_b

    where b runs over all other directions, those without extent, too.
    Constant: the neighbours' own spaces T_j, and who is a neighbour.
    Departure: each gap is :data:`SMALLEST_GAP` of the largest eigenvalue
    wider, so that the gradient is bounded where the tangent space is not
    determined.

    Args:
        offsets (Tensor): Shape (n, k, p), with graph.
        count (Tensor): Shape (n,), real neighbours.
        tangents (Tensor): Shape (n, p, m), T_i of :func:`tangent_spaces`.
        around (Tensor): Shape (n, k, p, m), T_j; 0 for what has none.

    Returns:
        Tensor: Shape (n,), in [-inf, 0]; nan without T_i or any T_j, -inf
        where all spaces are the same up to rounding.
    """
    m = tangents.shape[2]
    real = torch.arange(offsets.shape[1], device=count.device)
    real = real < count[:, None]
    cloud = torch.cat([torch.zeros_like(offsets[:, :1]), offsets], 1)
    inside = torch.cat([torch.ones_like(real[:, :1]), real], 1)[:, :, None]
    mean = offsets.sum(1, keepdim=True) / (count + 1)[:, None, None]
    cloud = torch.where(inside, cloud - mean, 0)  # (n, k + 1, p)
    with torch.no_grad():
        present = real & (around[..., -1].square().sum(2) > .5)  # (n, k)
        number = present.sum(1)
        known = (number > 0) & (tangents[..., -1].square().sum(1) > .5)
        # Infinite numbers of a neighbour left out would stay nan.
        around = torch.where(present[:, :, None, None], around, 0)
        inner = torch.einsum('nkpq,npa->nkqa', around, tangents)
        pulled = torch.einsum('nkpq,nkqa->npa', around, inner)
        pulled = pulled / number.clamp_min(1)[:, None, None]  # M v_a
        value = 1 - (pulled * tangents).sum((1, 2)) / m
        flat = value <= 100 * torch.finfo(value.dtype).eps
        bent = known & ~flat
        along, turned = _turns(cloud, tangents, pulled)
        at_tangent, at_turned = cloud @ along, cloud @ turned
    # Its gradient is that of the value; see the formula above.
    moved = (at_turned * (cloud @ along)).sum((1, 2))
    moved = moved + (at_tangent * (cloud @ turned)).sum((1, 2))
    moved = torch.where(bent, moved, 0)
    value = torch.where(bent, value, 1)
    value = value.log() - 2 / m * (moved - moved.detach()) / value
    value = torch.where(flat, -math.inf, value)
    return torch.where(known, value, math.nan)


def _turns(cloud: Tensor, tangents: Tensor,
           pulled: Tensor) -> Tuple[Tensor, Tensor]:
    """The v_a, (n, p, m), and the sums over b of v_b (v_b^T M v_a) /
    (lambda_a - lambda_b), (n, p, m).

    The sum solves (c - C) x = M v_a beside the tangents, with c = lambda_a.
    C = E^T E without the tangents, so that a matrix of the neighbours'
    number is decomposed: (c - E^T E)^-1 = (1 + E^T (c - E E^T)^-1 E) / c.
    """
    heights = cloud @ tangents  # (n, k + 1, m)
    spectrum = heights.square().sum(1)  # (n, m)
    gap = SMALLEST_GAP * spectrum.amax(1, keepdim=True)
    c = (spectrum + gap)[:, :, None, None]  # (n, m, 1, 1)
    c = torch.where(c > 0, c, 1)
    rest = cloud - heights @ tangents.mT  # E
    beside = pulled - tangents @ (tangents.mT @ pulled)
    gram = (rest @ rest.mT)[:, None]
    eye = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    factor, failed = torch.linalg.cholesky_ex(c * eye - gram)
    inner = (rest @ beside).mT[..., None]  # (n, m, k + 1, 1)
    solved = torch.cholesky_solve(inner, factor)[..., 0].mT
    turned = (beside + rest.mT @ solved) / c[:, :, 0, 0][:, None]
    sound = (failed == 0)[:, None] & torch.isfinite(turned)
    return tangents, torch.where(sound, turned, 0)
