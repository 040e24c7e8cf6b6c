# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Directions of vectors, differentiable."""
import torch
from torch import Tensor


def to_unit_vectors(points: Tensor) -> Tensor:
    """Divide each vector by its Euclidean norm.

    Args:
        points (Tensor): Shape (..., p), finite. Differentiable.

    Returns:
        Tensor: Shape (..., p). A zero vector stays zero and has no
        gradient, for it has no direction.
    """
    largest = points.detach().abs().amax(-1, keepdim=True)
    zero = largest == 0
    # Squares of moderate coordinates neither over- nor underflow; the factor
    # cancels, in the gradient, too.
    moderate = points / torch.where(zero, 1, largest)
    moderate = torch.where(zero, 1, moderate)
    length = moderate.norm(dim=-1, keepdim=True)
    return torch.where(zero, 0, moderate / length)
