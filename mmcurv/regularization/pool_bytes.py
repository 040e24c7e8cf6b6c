# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Bytes of a feature pool and of all that belongs to it."""
from typing import NamedTuple

import torch

INT64 = torch.int64.itemsize


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
               indexed: bool = True,
               pinned: bool = False) -> PoolBytes:
    """Bytes of a :class:`~mmcurv.regularization.PooledCurvature`.

    Args:
        slots (int): S, features that are held.
        images (int): N, training images, those of capped classes included.
        classes (int): C.
        feature_dim (int): p.
        dtype (torch.dtype): Of the features. Defaults to torch.float32.
        indexed (bool): Whether images have their slots. Defaults to True.
        pinned (bool): Whether the features lie in pinned memory, whose size
            PyTorch rounds up to a power of two. Defaults to False.

    Returns:
        PoolBytes: Without the scratch memory of a step.
    """
    features = slots * feature_dim * dtype.itemsize
    if pinned and features:
        features = 1 << (features - 1).bit_length()
    places = 3 * classes + 1  # capacity, start, arrived; num_nonfinite
    if indexed:
        places += slots + images
    computed = torch.promote_types(dtype, torch.float32).itemsize
    return PoolBytes(
        features=features,
        places=places * INT64,
        # log curvature and row of the batch of each slot, and a flag
        remembered=slots * (computed + INT64) + 1)
