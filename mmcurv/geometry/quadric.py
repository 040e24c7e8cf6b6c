# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Least-squares fit of a quadric t = 1/2 o^T H o over tangent coordinates.

Algorithm 3, lines 8 to 12. H is symmetric, so it has q = m(m+1)/2 free
entries. They are taken in the basis that is orthonormal for the Frobenius
norm (off-diagonal entries times sqrt 2): then the least-norm and the ridge
solution do not depend on how the tangent axes are turned, and the least-norm
solution equals the pseudo-inverse of the paper's m^2 columns, in which (a, b)
and (b, a) are the same column twice.
"""
import math
from typing import List, Sequence, Tuple

import torch
from torch import Tensor

from .checks import on_host
from .tridiagonal import eigenvalues, tridiagonalize

FITS = ('ridge', 'symmetric', 'paper')


def fit_quadric(tangent: Tensor, height: Tensor, fit: str,
                ridge: float) -> Tuple[Tensor, Tensor, Tensor]:
    """Hessian of the fitted quadric at each point.

    Args:
        tangent (Tensor): Shape (n, k, m); rows of absent neighbours zero.
        height (Tensor): Shape (n, k); likewise.
        fit (str): 'ridge': normal equations with ridge * trace / q on their
            diagonal; 'symmetric': plain least squares by QR; 'paper':
            pseudo-inverse of the printed m^2 columns.
        ridge (float): Relative ridge, >= 0, used by 'ridge' only.

    Returns:
        tuple: Hessian (n, m, m), relative residual (n,) and condition number
        of the design (n,), the last two detached.
    """
    design = _design(tangent)
    theta = _coefficients(tangent, design, height[..., None], fit, ridge)
    with torch.no_grad():
        residual = _misfit(design, theta, height[..., None])[:, 0]
        condition = _condition(design)
    hessian = _as_symmetric(theta.mT, tangent.shape[2])[:, 0]
    return hessian, residual, condition


def fit_quadrics(tangent: Tensor, heights: Tensor, fits: Sequence[str],
                 ridge: float) -> List[Tuple[Tensor, Tensor]]:
    """Of several heights over one tangent plane, without the condition.

    Args:
        tangent (Tensor): As in :func:`fit_quadric`.
        heights (Tensor): Shape (n, k, h).
        fits (Sequence[str]): Each as in :func:`fit_quadric`.
        ridge (float): Likewise.

    Returns:
        list[tuple]: Of each fit, Hessians (n, h, m, m) and relative residuals
        (n, h).
    """
    design, found = _design(tangent), []
    for fit in fits:
        theta = _coefficients(tangent, design, heights, fit, ridge)
        found.append(
            (_as_symmetric(theta.mT,
                           tangent.shape[2]), _misfit(design, theta, heights)))
    return found


def _design(tangent: Tensor) -> Tensor:
    row, column, weight = _basis(tangent.shape[2], tangent)
    return tangent[..., row] * tangent[..., column] * weight  # (n, k, q)


def _coefficients(tangent: Tensor, design: Tensor, target: Tensor, fit: str,
                  ridge: float) -> Tensor:
    """Coefficients (n, q, h) of targets (n, k, h)."""
    if fit == 'ridge':
        normal = design.mT @ design
        q = normal.shape[1]
        extra = ridge / q * normal.diagonal(dim1=1, dim2=2).sum(1)
        normal = normal + extra[:, None, None] * torch.eye(
            q, dtype=normal.dtype, device=normal.device)
        factor, failed = torch.linalg.cholesky_ex(normal)
        # A failed factor would turn gradients of all points into NaN.
        failed = failed[:, None, None] > 0
        factor = torch.where(failed, 1., factor)
        theta = torch.cholesky_solve(design.mT @ target, factor)
        return torch.where(failed, math.nan, theta)
    if fit == 'symmetric':
        q_factor, r_factor = torch.linalg.qr(design)
        return torch.linalg.solve_triangular(
            r_factor, q_factor.mT @ target, upper=True)
    return _pinv_of_all_products(tangent, target)


def _misfit(design: Tensor, theta: Tensor, target: Tensor) -> Tensor:
    """Root-mean-square misfit over that of the heights, (n, h)."""
    residual = (design @ theta - target).norm(dim=1)
    size = target.norm(dim=1)
    return torch.where(size > 0, residual / size, residual)


def _condition(design: Tensor) -> Tensor:
    """Ratio of the extreme singular values, shape (n,); nan where the
    design is not finite, which no eigenvalue routine bears."""
    squares = design.mT @ design
    sound = torch.isfinite(squares).flatten(1).all(1)
    squares = torch.where(sound[:, None, None], squares, 0)
    smallest, largest = _extreme_eigenvalues(squares)
    condition = (largest / smallest.clamp_min(0)).sqrt()
    return torch.where(sound, condition, math.nan)


def _extreme_eigenvalues(matrices: Tensor) -> Tuple[Tensor, Tensor]:
    """The smallest and the largest, each (n,)."""
    if on_host(matrices):
        spectrum = torch.linalg.eigvalsh(matrices)  # ascending
        return spectrum[:, 0], spectrum[:, -1]
    # Waits for no GPU to say whether it converged.
    ends = torch.arange(2, device=matrices.device)
    ends = (ends * (matrices.shape[1] - 1))[:, None]
    tridiagonal = tridiagonalize(matrices)[:2]
    return eigenvalues(*tridiagonal, ends.expand(2, len(matrices))).unbind()


def _basis(m: int, like: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Indices a <= b of the q entries of H, and the weight of o[a] o[b]:
    1/2 where a = b, else 1 / sqrt 2."""
    row, column = torch.triu_indices(m, m, device=like.device)
    weight = like.new_full(row.shape, 0.5**0.5)
    return row, column, torch.where(row == column, 0.5, weight)


def _as_symmetric(theta: Tensor, m: int) -> Tensor:
    """From q coefficients (..., q) to symmetric matrices (..., m, m)."""
    row, column, weight = _basis(m, theta)
    # The monomial 1/2 H_aa o_a^2 or H_ab o_a o_b in the orthonormal basis:
    # an off-diagonal entry of H is its coefficient over sqrt 2.
    entry = theta * torch.where(row == column, 1., weight)
    place = torch.empty(m, m, dtype=torch.long, device=theta.device)
    order = torch.arange(len(row), device=theta.device)
    place[row, column] = order
    place[column, row] = order
    return entry[..., place]


def _pinv_of_all_products(tangent: Tensor, target: Tensor) -> Tensor:
    """Coefficients (n, q, h) from the printed m^2 columns."""
    m = tangent.shape[2]
    products = tangent[..., :, None] * tangent[..., None, :] / 2
    full = torch.linalg.pinv(products.flatten(2)) @ target  # (n, m * m, h)
    row, column, weight = _basis(m, tangent)
    weight = torch.where(row == column, 1., weight)
    return full[:, row * m + column] / weight[:, None]
