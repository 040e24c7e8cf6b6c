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
import math
from typing import List, Tuple

import torch
from torch import Tensor

from .checks import on_host

SHIFTS_AT_ONCE = 6144  # about where arithmetic outweighs the call
LOST = 0.01  # of a unit vector's length; rounding is that much larger then
Reflectors = List[Tuple[Tensor, Tensor]]


def tridiagonalize(matrices: Tensor) -> Tuple[Tensor, Tensor, Reflectors]:
    """Reduce symmetric matrices to tridiagonal form, T = Qᵀ A Q.

    Args:
        matrices (Tensor): Shape (n, s, s), symmetric. Not changed.

    Returns:
        tuple: Diagonal (s, n), off-diagonal (s - 1, n), and the Householder
        reflectors [(v, 2 / vᵀv)] whose product is Q.
    """
    n, size, _ = matrices.shape
    work = matrices.flatten(1).T.clone(memory_format=torch.contiguous_format)
    work = work.view(size, size, n)
    diagonal = work.new_empty(size, n)
    off = work.new_empty(max(size - 1, 0), n)
    reflectors = []
    for j in range(size - 2):
        v = work[j + 1:, j].clone()  # (r, n)
        norm = (v * v).sum(0).sqrt()
        alpha = -torch.copysign(norm, v[0])
        half_length = norm * (norm + v[0].abs())  # of the v that comes now
        v[0].sub_(alpha)
        scale = torch.where(half_length > 0, 1 / half_length, 0)
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
    return pivots.lt_(0).sum(0).long()  # sums of numbers, not of truths


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
    # Small batches cost a call, not arithmetic: they try many shifts at once.
    parts = min(16, max(2, SHIFTS_AT_ONCE // max(1, index.numel())))
    cuts = torch.arange(1, parts, dtype=off.dtype, device=off.device)
    cuts = cuts[:, None, None] / parts
    mantissa = 52 if diagonal.dtype == torch.float64 else 23
    for _ in range(math.ceil((mantissa + 3) / math.log2(parts))):
        width = high - low  # (t, n)
        shift = low + width * cuts  # (parts - 1, t, n)
        below = count_below(diagonal, off, shift.flatten(0, 1))
        passed = (below.view(shift.shape) <= index).sum(0)
        low = low + width * (passed / parts)
        high = torch.minimum(high, low + width / parts)
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
    tiny = torch.finfo(off.dtype).tiny**0.5
    # The same recurrence runs from both ends: the second row is reversed.
    pivots = torch.stack([shifted, shifted.flip(0)], 1)  # (s, 2, t, n)
    off = torch.stack([off, off.flip(0)], 1)[:, :, None]  # (s - 1, 2, 1, n)
    square = off.square()
    rows = pivots.unbind(0)
    for above, current, weight in zip(rows, rows[1:], square.unbind(0)):
        above.masked_fill_(above.abs() < tiny, tiny)
        current.sub_(weight / above)
    down, up = pivots[:, 0], pivots[:, 1].flip(0)
    twist = (down + up - shifted).abs().argmin(0)  # (t, n)
    vector = torch.zeros_like(pivots)
    start = torch.stack([twist, size - 1 - twist])[None]  # (1, 2, t, n)
    vector.scatter_(0, start, 1.)
    # Each entry from the one before it, away from the twist.
    opposite = torch.stack([up, down.flip(0)], 1)[1:]
    row = torch.arange(1, size, device=off.device)[:, None, None, None]
    step = torch.where(row > start, -off / opposite, 0)
    entries = vector.unbind(0)
    for before, current, factor in zip(entries, entries[1:], step.unbind(0)):
        current.addcmul_(factor, before)
    vector = vector[:, 0] + vector[:, 1].flip(0)
    vector.scatter_(0, twist[None], 1.)
    return vector / vector.norm(dim=0)


def few_eigenpairs(matrices: Tensor,
                   index: Tensor,
                   reduced=None) -> Tuple[Tensor, Tensor]:
    """Chosen eigenpairs of symmetric matrices.

    Where two chosen eigenvalues lie so close that the vectors are not
    orthogonal to working precision, those matrices alone go through
    ``torch.linalg.eigh``. On a GPU, which would have to be waited for to know
    them, :func:`orthonormalize` does what it can for all.

    Args:
        matrices (Tensor): Shape (n, s, s), symmetric, float32 or float64.
        index (Tensor): Shape (n, t), rank of each wanted eigenvalue, 0 for
            the smallest.
        reduced (tuple, optional): Result of :func:`tridiagonalize`, when
            the caller has it already. Defaults to None.

    Returns:
        tuple: Eigenvalues (n, t) and unit eigenvectors (n, s, t); where one
        was lost, see :func:`orthonormalize`, it is 0.
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
    if not on_host(vectors):
        return values, orthonormalize(vectors, index)
    loose = _not_orthonormal(vectors, index)
    if len(loose):
        all_values, all_vectors = eigh(matrices[loose])
        pick = index[loose]
        values[loose] = all_values.gather(1, pick)
        pick = pick[:, None].expand(-1, matrices.shape[1], -1)
        vectors = vectors.contiguous()
        vectors[loose] = all_vectors.gather(2, pick)
    return values, vectors


def eigh(matrices: Tensor) -> Tuple[Tensor, Tensor]:
    """``torch.linalg.eigh``, in float64 where LAPACK gives up.

    Its divide and conquer may not converge in float32 where many eigenvalues
    are nearly equal; a training went down by one such neighbourhood.

    Args:
        matrices (Tensor): Shape (n, s, s), symmetric.

    Returns:
        tuple: Eigenvalues (n, s), ascending, and eigenvectors (n, s, s).
    """
    try:
        return torch.linalg.eigh(matrices)
    except torch.linalg.LinAlgError:
        if matrices.dtype == torch.float64:
            raise
        values, vectors = torch.linalg.eigh(matrices.double())
        return values.to(matrices), vectors.to(matrices)


def orthonormalize(vectors: Tensor, index: Tensor) -> Tensor:
    """Make vectors of different eigenvalues orthogonal, by Gram-Schmidt.

    Vectors of nearly equal eigenvalues are some vectors of one eigenspace,
    of which any orthonormal basis will do. Two that nearly coincide do not
    span it: the second is lost.

    Args:
        vectors (Tensor): Shape (n, s, t), unit vectors.
        index (Tensor): Shape (n, t), rank of each one's eigenvalue.

    Returns:
        Tensor: Shape (n, s, t); zeros in place of a vector that is lost.
    """
    done = []
    for j, vector in enumerate(vectors.unbind(2)):  # (n, s)
        for i, other in enumerate(done):
            overlap = (vector * other).sum(1)
            overlap = torch.where(index[:, i] == index[:, j], 0, overlap)
            vector = vector - overlap[:, None] * other
        length = vector.norm(dim=1, keepdim=True)
        sound = length > LOST  # False for NaN
        done.append(torch.where(sound, vector / length, 0))
    return torch.stack(done, 2)


def _not_orthonormal(vectors: Tensor, index: Tensor) -> Tensor:
    """Matrices whose vectors of *different* eigenvalues are not orthogonal."""
    product = vectors.mT @ vectors  # (n, t, t)
    same = index[:, :, None] == index[:, None, :]
    overlap = torch.where(same, 0, product).abs().amax((1, 2))
    limit = torch.finfo(vectors.dtype).eps**0.5
    return (~(overlap <= limit)).nonzero()[:, 0]  # NaN counts as loose
