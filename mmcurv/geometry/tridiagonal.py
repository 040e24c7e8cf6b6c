# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A few eigenpairs of many small symmetric matrices at once.

Batched ``torch.linalg.eigh`` calls LAPACK matrix by matrix on the CPU, asks
for all eigenpairs, and on GPUs falls off a cliff above size 32. A local
frame needs only the few largest and one small eigenpair of each of thousands
of matrices, so here every step of the textbook route (Householder
tridiagonalisation, Sturm bisection, twisted factorisation; Golub and Van
Loan, *Matrix Computations*, ch. 8; Dhillon and Parlett, 2004) runs over the
whole batch, which lies in the last, contiguous dimension.

Letters: s size of a matrix, n matrices, t wanted eigenpairs of each.
"""
from typing import List, Tuple

import torch
from torch import Tensor

Reflectors = List[Tuple[Tensor, Tensor]]


def tridiagonalize(matrices: Tensor) -> Tuple[Tensor, Tensor, Reflectors]:
    """Reduce symmetric matrices to tridiagonal form, T = Qᵀ A Q.

    Args:
        matrices (Tensor): Shape (n, s, s), symmetric. Not changed.

    Returns:
        tuple: Diagonal (s, n), off-diagonal (s - 1, n), and the Householder
        reflectors [(v, 2 / vᵀv)] whose product is Q.
    """
    work = matrices.permute(1, 2, 0).contiguous()  # (s, s, n)
    if work.data_ptr() == matrices.data_ptr():
        work = work.clone()
    size, _, n = work.shape
    diagonal = work.new_empty(size, n)
    off = work.new_empty(max(size - 1, 0), n)
    reflectors = []
    for j in range(size - 2):
        v = work[j + 1:, j].clone()  # (r, n)
        alpha = -torch.copysign((v * v).sum(0).sqrt(), v[0])
        v[0].sub_(alpha)
        length = (v * v).sum(0)
        scale = torch.where(length > 0, 2 / length, 0)
        block = work[j + 1:, j + 1:]  # (r, r, n)
        w = (block * v).sum(1).mul_(scale)
        w -= v * ((w * v).sum(0) * (scale / 2))
        block.addcmul_(v[:, None], w[None], value=-1)
        block.addcmul_(w[:, None], v[None], value=-1)
        diagonal[j], off[j] = work[j, j], alpha
        reflectors.append((v, scale))
    for j in range(max(size - 2, 0), size):
        diagonal[j] = work[j, j]
    if size > 1:
        off[-1] = work[-1, -2]
    return diagonal, off, reflectors


def count_below(diagonal: Tensor, off: Tensor, shift: Tensor) -> Tensor:
    """Number of eigenvalues below each shift (Sturm sequence).

    Args:
        diagonal (Tensor): Shape (s, n).
        off (Tensor): Shape (s - 1, n).
        shift (Tensor): Shape (t, n).

    Returns:
        Tensor: Shape (t, n), int64.
    """
    pivots = diagonal[:, None] - shift  # (s, t, n)
    # A zero off-diagonal below a zero pivot would be 0 / 0.
    square = off.square().clamp_min(torch.finfo(off.dtype).tiny)
    ratio = torch.empty_like(shift)
    rows, squares = pivots.unbind(0), square.unbind(0)
    for above, current, weight in zip(rows, rows[1:], squares):
        torch.div(weight, above, out=ratio)
        current.sub_(ratio)
    return (pivots < 0).sum(0)


def eigenvalues(diagonal: Tensor, off: Tensor, index: Tensor) -> Tensor:
    """The eigenvalues of given rank, by bisection to full precision.

    Args:
        diagonal (Tensor): Shape (s, n).
        off (Tensor): Shape (s - 1, n).
        index (Tensor): Shape (t, n), 0 for the smallest eigenvalue.

    Returns:
        Tensor: Shape (t, n), absolute error about eps times the norm.
    """
    reach = off.new_zeros(diagonal.shape)
    reach[1:] += off.abs()
    reach[:-1] += off.abs()  # Gershgorin radii
    low = (diagonal - reach).amin(0).expand(index.shape).clone()
    high = (diagonal + reach).amax(0).expand(index.shape).clone()
    mantissa = 52 if diagonal.dtype == torch.float64 else 23
    for _ in range(mantissa + 3):
        middle = (low + high) / 2
        above = count_below(diagonal, off, middle) <= index
        low = torch.where(above, middle, low)
        high = torch.where(above, high, middle)
    return (low + high) / 2


def eigenvectors(diagonal: Tensor, off: Tensor, values: Tensor) -> Tensor:
    """Unit eigenvectors of T for eigenvalues known to full precision.

    The twisted factorisation picks, per matrix, the row in which the vector
    is largest and solves away from it in both directions, which is stable
    for isolated eigenvalues. Close eigenvalues give vectors that need not be
    orthogonal: see :func:`few_eigenpairs`.

    Args:
        diagonal (Tensor): Shape (s, n).
        off (Tensor): Shape (s - 1, n).
        values (Tensor): Shape (t, n).

    Returns:
        Tensor: Shape (s, t, n).
    """
    size = len(diagonal)
    shifted = diagonal[:, None] - values  # (s, t, n)
    off = off[:, None]  # (s - 1, 1, n)
    tiny = torch.finfo(off.dtype).tiny**0.5
    down, up = shifted.clone(), shifted.clone()
    for i in range(1, size):
        _keep_from_zero(down[i - 1], tiny)
        down[i].sub_(off[i - 1] * (off[i - 1] / down[i - 1]))
        j = size - 1 - i
        _keep_from_zero(up[j + 1], tiny)
        up[j].sub_(off[j] * (off[j] / up[j + 1]))
    twist = (down + up - shifted).abs().argmin(0)  # (t, n)
    vector = torch.zeros_like(shifted)
    vector.scatter_(0, twist[None], 1.)
    for i in range(1, size):
        step = -off[i - 1] / up[i] * vector[i - 1]
        vector[i].add_(torch.where(i > twist, step, 0))
        j = size - 1 - i
        step = -off[j] / down[j] * vector[j + 1]
        vector[j].add_(torch.where(j < twist, step, 0))
    return vector / vector.norm(dim=0)


def few_eigenpairs(matrices: Tensor,
                   index: Tensor,
                   reduced=None) -> Tuple[Tensor, Tensor]:
    """Chosen eigenpairs of symmetric matrices.

    Where two chosen eigenvalues lie so close that the vectors are not
    orthogonal to working precision, those matrices alone go through
    ``torch.linalg.eigh``.

    Args:
        matrices (Tensor): Shape (n, s, s), symmetric, float32 or float64.
        index (Tensor): Shape (n, t), rank of each wanted eigenvalue, 0 for
            the smallest.
        reduced (tuple, optional): Result of :func:`tridiagonalize`, when
            the caller has it already. Defaults to None.

    Returns:
        tuple: Eigenvalues (n, t) and unit eigenvectors (n, s, t).
    """
    diagonal, off, reflectors = reduced or tridiagonalize(matrices)
    values = eigenvalues(diagonal, off, index.T)  # (t, n)
    vectors = eigenvectors(diagonal, off, values)  # (s, t, n)
    for j in range(len(reflectors) - 1, -1, -1):
        v, scale = reflectors[j]
        part = vectors[j + 1:]  # (r, t, n)
        v = v[:, None]
        part.addcmul_(v, (part * v).sum(0) * scale, value=-1)
    values, vectors = values.T.contiguous(), vectors.permute(2, 0, 1)
    loose = _not_orthonormal(vectors, index)
    if len(loose):
        all_values, all_vectors = torch.linalg.eigh(matrices[loose])
        pick = index[loose]
        values[loose] = all_values.gather(1, pick)
        pick = pick[:, None].expand(-1, matrices.shape[1], -1)
        vectors = vectors.contiguous()
        vectors[loose] = all_vectors.gather(2, pick)
    return values, vectors


def _keep_from_zero(pivot: Tensor, tiny: float) -> None:
    pivot.masked_fill_(pivot.abs() < tiny, tiny)


def _not_orthonormal(vectors: Tensor, index: Tensor) -> Tensor:
    """Matrices whose vectors of *different* eigenvalues are not orthogonal."""
    product = vectors.mT @ vectors  # (n, t, t)
    same = index[:, :, None] == index[:, None, :]
    overlap = torch.where(same, 0, product).abs().amax((1, 2))
    limit = torch.finfo(vectors.dtype).eps**0.5
    return (~(overlap <= limit)).nonzero()[:, 0]  # NaN counts as loose
