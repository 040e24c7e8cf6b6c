# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All that the shape of one class says."""
import math
from typing import Dict

import torch
from torch import Tensor

from mmcurv.geometry import (intrinsic_dimension, manifold_volume, mean_radius,
                             point_curvature)
from mmcurv.geometry.reduction import reduce_by_class
from .audit_options import AuditOptions


def measure_class(points: Tensor, options: AuditOptions,
                  max_memory: int) -> Dict[str, float]:
    """Measures of one class that need no other class.

    Args:
        points (Tensor): (n, p), finite, float32 or float64.
        options (AuditOptions): Of the curvature.
        max_memory (int): Bound in bytes on scratch memory.

    Returns:
        dict: ``num_points`` n; ``points_used``, those with a determined
        curvature; ``curvature`` and ``log_curvature`` (Ma et al.,
        Algorithm 3, see :func:`~mmcurv.geometry.class_curvature`, with which
        it agrees); ``volume`` in bits; ``radius``; ``intrinsic_dimension``;
        ``fit_residual``, the median over points of the quadric's misfit as
        a share of the heights; ``fit_condition``, the median condition
        number of the fit; ``ill_conditioned``, the number of points whose
        fit loses half the digits. nan where not determined.
    """
    found = point_curvature(
        points,
        k=options.k,
        tangent_dim=options.tangent_dim,
        normal=options.normal,
        fit=options.fit,
        ridge=options.ridge,
        max_memory=max_memory)
    used = ~torch.isnan(found.log_abs_det)
    labels = torch.zeros(len(points), dtype=torch.long)
    log_value = reduce_by_class(found.log_abs_det, labels, 1,
                                options.reduction)
    limit = torch.finfo(points.dtype).eps**-0.5
    return dict(
        num_points=len(points),
        points_used=int(used.sum()),
        curvature=log_value.exp().item(),
        log_curvature=log_value.item(),
        volume=manifold_volume(points).item(),
        radius=mean_radius(points).item(),
        intrinsic_dimension=intrinsic_dimension(points,
                                                max_memory=max_memory).item(),
        fit_residual=_median(found.residual[used]),
        fit_condition=_median(found.condition[used]),
        ill_conditioned=int((found.condition[used] > limit).sum()))


def _median(values: Tensor) -> float:
    return values.median().item() if len(values) else math.nan
