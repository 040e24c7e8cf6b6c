# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tangent and normal directions of point neighbourhoods.

A neighbourhood is a point and its k neighbours. Its covariance about its own
mean (Algorithm 3, lines 3 to 5) has the same non-zero eigenvalues as a k x k
Gram matrix of the neighbours' offsets from the point, and through that matrix
p never enters a decomposition: with d_j = z_j - z_i and s = sum_j d_j,

    sum over the k + 1 points of (z - mean)(z - mean)^T
        = sum_j d_j d_j^T - s s^T / (k + 1) = (W D)^T (W D),
    W = I - g 1 1^T,  g = (1 - 1 / sqrt(k + 1)) / k.
"""
from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from .checks import on_host
from .tridiagonal import count_below, eigh, few_eigenpairs, tridiagonalize

NORMALS = ('smallest', 'next')
WORTH_A_BATCH = 64  # matrices; below it LAPACK, one by one, is faster


class Frames(NamedTuple):
    """Local frames of n neighbourhoods.

    Attributes:
        vectors (Tensor): Shape (n, p, m + 1): m unit tangent vectors, then
            the unit normal. Columns beyond the rank are zero.
        rank (Tensor): Shape (n,), int64: directions in which the
            neighbourhood extends beyond rounding; 0 where a wanted direction
            was lost, see :func:`~mmcurv.geometry.tridiagonal.orthonormalize`.
    """
    vectors: Tensor
    rank: Tensor


def local_frames(offsets: Tensor,
                 count: Tensor,
                 tangent_dim: int,
                 normal: str = 'smallest',
                 rounding: Optional[Tensor] = None) -> Frames:
    """Principal frame of each neighbourhood, a constant in gradients.

    The tangent directions belong to the ``tangent_dim`` largest eigenvalues
    of the neighbourhood's covariance. The normal belongs to its smallest
    non-zero eigenvalue (``'smallest'``, the paper's wording) or to the next
    one after the tangents (``'next'``, the paper's symbol xi_{m+1}); the two
    are the same for a hypersurface. An eigenvalue counts as zero below
    max(s * eps * largest, rounding), s the size of the decomposed matrix.

    Args:
        offsets (Tensor): Shape (n, k, p), z_j - z_i; rows beyond ``count``
            are zero.
        count (Tensor): Shape (n,), number of real neighbours, <= k.
        tangent_dim (int): m.
        normal (str): 'smallest', 'next' or 'both', the next one and then the
            smallest beside one tangent at least. Defaults to 'smallest'.
        rounding (Tensor, optional): Shape (n,): eigenvalue that rounding of
            the coordinates themselves can produce. Defaults to None.

    Returns:
        Frames: Vectors (n, p, m + 1), of both normals (n, p, m + 2), and rank
        (n,).
    """
    offsets = offsets.detach()
    matrix, by_gram = _covariance(offsets, count)
    trace = matrix.diagonal(dim1=1, dim2=2).sum(1)  # >= largest
    floor = matrix.shape[1] * torch.finfo(matrix.dtype).eps * trace
    if rounding is not None:
        floor = torch.maximum(floor, rounding)
    few = on_host(matrix) and len(matrix) < WORTH_A_BATCH
    route = _by_eigh if few else _by_tridiagonal
    vectors, rank = route(matrix, floor, tangent_dim, normal)
    if by_gram:  # from neighbours' weights to directions
        vectors = (_center(vectors, count).mT @ offsets).mT  # (n, p, m + 1)
    length = vectors.norm(dim=1, keepdim=True)
    vectors = vectors / torch.where(length > 0, length, 1)
    # A tangent needs rank > its position, the normal rank > m.
    position = torch.arange(vectors.shape[2], device=rank.device)
    if normal == 'both':
        position[-1] = 1
    present = rank[:, None] > position
    return Frames(torch.where(present[:, None], vectors, 0), rank)


def _by_eigh(matrix: Tensor, floor: Tensor, tangent_dim: int,
             normal: str) -> Tuple[Tensor, Tensor]:
    """Wanted eigenvectors (n, s, m + 1) and rank (n,)."""
    size = matrix.shape[1]
    values, vectors = eigh(matrix)
    rank = (values > floor[:, None]).sum(1)
    index = _ranks_wanted(rank, size, tangent_dim, normal)
    return vectors.gather(2, index[:, None].expand(-1, size, -1)), rank


def _by_tridiagonal(matrix: Tensor, floor: Tensor, tangent_dim: int,
                    normal: str) -> Tuple[Tensor, Tensor]:
    """The same for large batches."""
    size = matrix.shape[1]
    reduced = tridiagonalize(matrix)
    rank = size - count_below(*reduced[:2], floor[None])[0]
    rank = torch.where(floor > 0, rank, 0)  # all points coincide
    index = _ranks_wanted(rank, size, tangent_dim, normal)
    vectors = few_eigenpairs(matrix, index, reduced)[1]
    lost = (vectors == 0).all(1).any(1)
    return vectors, torch.where(lost, 0, rank)


def _covariance(offsets: Tensor, count: Tensor) -> Tuple[Tensor, bool]:
    """(W D)(W D)^T or (W D)^T (W D), whichever is smaller, and which."""
    if offsets.shape[1] > offsets.shape[2]:
        total = offsets.sum(1)  # (n, p)
        total = total * (count + 1).to(total.dtype).rsqrt()[:, None]
        scatter = offsets.mT @ offsets
        return scatter - total[:, :, None] * total[:, None], False
    gram = offsets @ offsets.mT
    return _center(_center(gram, count).mT, count), True


def _center(values: Tensor, count: Tensor) -> Tensor:
    """W @ values, values (n, k, c); rows beyond ``count`` stay."""
    number = count.to(values.dtype)
    gain = (1 - (number + 1).rsqrt()) / number.clamp_min(1)
    real = torch.arange(values.shape[1], device=count.device) < count[:, None]
    real = real.to(values.dtype)  # (n, k)
    total = (real[:, None] @ values) * gain[:, None, None]  # (n, 1, c)
    return torch.addcmul(values, real[:, :, None], total, value=-1)


def _ranks_wanted(rank: Tensor, size: int, tangent_dim: int,
                  normal: str) -> Tensor:
    """Ascending ranks of the m tangents and the normal, shape (n, m + 1)."""
    top = size - 1 - torch.arange(tangent_dim + 1, device=rank.device)
    index = top.clamp_min(0).expand(len(rank), -1).clone()
    last = (size - rank).clamp(0, size - 1)
    if normal == 'smallest':
        index[:, -1] = torch.minimum(index[:, -1], last)
    elif normal == 'both':
        least = torch.minimum(index[:, 1], last)
        index = torch.cat([index, least[:, None]], 1)
    return index
