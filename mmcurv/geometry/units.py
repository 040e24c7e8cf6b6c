# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A unit of length in which coordinates are of moderate size."""
from typing import Tuple

import torch
from torch import Tensor


def to_moderate_unit(points: Tensor) -> Tuple[Tensor, Tensor]:
    """Divide by a power of two so that coordinates lie in [-1, 1].

    Products of coordinates then neither over- nor underflow, and since the
    factor is a power of two no distance changes in its order or its ties.

    Args:
        points (Tensor): Any shape, finite.

    Returns:
        tuple: Divided points and the unit, a scalar tensor without gradient
        (1 for all-zero or no points).
    """
    fixed = points.detach()
    largest = fixed.abs().amax() if fixed.numel() else fixed.new_zeros(())
    exponent = torch.frexp(largest).exponent
    limit = 120 if points.dtype == torch.float32 else 1000
    exponent = exponent.clamp(-limit, limit).to(points.dtype)
    unit = torch.where(largest > 0, torch.exp2(exponent), 1)
    return points / unit, unit
