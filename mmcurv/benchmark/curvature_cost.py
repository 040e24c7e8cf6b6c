# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Bytes and multiply-adds that Curvature Regularization adds to a training.

Letters: n images of a class, C classes, S slots, p features, k neighbours, m
tangent dims, q = m(m+1)/2 unknowns of the fit.
"""
import math
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch

from mmcurv.engine.curvature.sharding import class_owners

INT64 = torch.int64.itemsize

FULL_EIGEN = 4.5  # times s^3: eigenvectors by QR, Golub & Van Loan, 8.3


class PoolBytes(NamedTuple):
    """Bytes of the buffers of one pool.

    Attributes:
        features (int): The features themselves.
        places (int): What is where: sizes of the classes, the slot of an
            image and the image of a slot.
        remembered (int): The remembered curvatures, and what the batch holds
            in which slot.
    """
    features: int
    places: int
    remembered: int

    @property
    def total(self) -> int:
        """Sum of all."""
        return self.features + self.places + self.remembered


def pool_bytes(slots: int,
               images: int,
               classes: int,
               feature_dim: int,
               dtype: torch.dtype = torch.float32,
               indexed: bool = True) -> PoolBytes:
    """Bytes of a :class:`~mmcurv.regularization.PooledCurvature`.

    Args:
        slots (int): S, features that are held.
        images (int): N, training images, those of capped classes included.
        classes (int): C.
        feature_dim (int): p.
        dtype (torch.dtype): Of the features. Defaults to torch.float32.
        indexed (bool): Whether images have their slots. Defaults to True.

    Returns:
        PoolBytes: Without the scratch memory of a step.
    """
    places = 3 * classes + 1  # capacity, start, arrived; num_nonfinite
    if indexed:
        places += slots + images
    computed = torch.promote_types(dtype, torch.float32).itemsize
    return PoolBytes(
        features=slots * feature_dim * dtype.itemsize,
        places=places * INT64,
        # log curvature and row of the batch of each slot, and a flag
        remembered=slots * (computed + INT64) + 1)


def most_held(class_counts: Sequence[float], processes: int) -> int:
    """Features of the process that holds most of a pool divided by class.

    Args:
        class_counts (Sequence[float]): Features of each class, C long; means
            where no one knows better.
        processes (int): Among which the classes are divided.

    Returns:
        int: Rounded up.

    Example:
        >>> most_held([5, 4, 3, 2], 2)
        7
    """
    held = [0] * processes
    owners = class_owners(class_counts, processes).tolist()
    for count, owner in zip(class_counts, owners):
        held[owner] += count
    return math.ceil(round(max(held), 6))


class StepOperations(NamedTuple):
    """Multiply-adds of one step, and the points that it measures.

    Attributes:
        points (float): Whose curvature is measured; an expected number
            unless all are.
        distances (float): Of points to their classes: the matrix product and
            the squared norms.
        gram (float): Matrices of inner products of neighbours.
        eigen (float): All eigenvectors of these, by LAPACK. Where many are
            decomposed at once only a few are computed, in fewer operations.
        fit (float): Frames, coordinates in them and the quadric, forward and
            backward; only coordinates and fit carry gradient.
    """
    points: float
    distances: float
    gram: float
    eigen: float
    fit: float

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return self.distances + self.gram + self.eigen + self.fit


def step_operations(class_sizes: Sequence[float],
                    feature_dim: int,
                    batch_size: int,
                    refresh: str = 'batch',
                    k: int = 40,
                    tangent_dim: int = 2,
                    max_per_class: Optional[int] = None) -> StepOperations:
    """Count what a step costs once the pool is full.

    Distances and the small matrices are counted, not sorting, indexing,
    element-wise operations, or the first measurement of all points.

    Args:
        class_sizes (Sequence[float]): (C,) training images of each class.
        feature_dim (int): p.
        batch_size (int): Images, drawn evenly from all.
        refresh (str): 'batch' or 'all', see
            :class:`~mmcurv.regularization.PooledCurvature`. Defaults to
            'batch'.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m. Defaults to 2.
        max_per_class (int, optional): Cap on the pooled images of a class.
            Defaults to None.

    Returns:
        StepOperations: Expected multiply-adds.
    """
    images = np.asarray(class_sizes, dtype=float)
    share = images / images.sum()
    size = np.minimum(images, max_per_class or images.max())
    met = 1 - (1 - share)**batch_size  # chance that a batch meets the class
    if refresh == 'all':
        met, measured = np.ones_like(size), size
    else:
        measured = batch_size * share
    points, p, m = measured.sum(), feature_dim, tangent_dim
    q = m * (m + 1) // 2
    small = min(k, p)
    project = k * p * (m + 1)
    quadric = k * q * q + q**3 / 3 + 2 * k * q
    return StepOperations(
        points=points,
        distances=float((measured * size + met * size).sum() * p),
        gram=points * k * p * small,
        eigen=points * FULL_EIGEN * small**3,
        # Directions and coordinates forward, coordinates backward.
        fit=points * (3 * project + 3 * quadric))
