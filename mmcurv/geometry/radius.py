# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far a point cloud extends about its centre."""
import math

import torch
from torch import Tensor

from .checks import check_points


def mean_radius(points: Tensor) -> Tensor:
    """Mean Euclidean distance of the points to their mean.

    Curvature has the unit 1 / length^m, so this length tells how much of a
    difference in curvature is a difference in scale.

    Args:
        points (Tensor): Shape (n, p), floating point.

    Returns:
        Tensor: A 0-d tensor >= 0 in the unit of the points; 0 for one point,
        nan for none.

    Raises:
        TypeError, ValueError: If ``points`` is not as above or not finite.
    """
    points = check_points(points)
    if not len(points):
        return points.new_full((), math.nan)
    # The scale is taken out, so that squares neither over- nor underflow.
    offsets = points - points.mean(0)
    scale = offsets.abs().amax() if offsets.numel() else points.new_zeros(())
    if scale == 0:
        return torch.zeros_like(scale)
    return scale * (offsets / scale).norm(dim=1).mean()
