# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature of every class manifold."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_features
from .curvature import (DEFAULT_RIDGE, check_options, curvature_of_offsets,
                        neighbors_needed, points_per_chunk, undetermined)
from .neighbors import DEFAULT_MEMORY, nearest
from .reduction import REDUCTIONS, reduce_by_class
from .units import to_moderate_unit


class ClassCurvature(NamedTuple):
    """Curvature of C classes; every field has shape (C,).

    Attributes:
        value (Tensor): Reduced abs(det), unit 1 / length^m; nan where no
            point of the class has one.
        log_value (Tensor): Its natural log, finite where value overflows.
        count (Tensor): Samples of the class, int64.
        points_used (Tensor): Samples with a determined curvature, int64.
    """
    value: Tensor
    log_value: Tensor
    count: Tensor
    points_used: Tensor


def class_curvature(features: Tensor,
                    labels: Tensor,
                    num_classes: int,
                    k: int = 40,
                    tangent_dim: int = 2,
                    normal: str = 'smallest',
                    fit: str = 'ridge',
                    ridge: float = DEFAULT_RIDGE,
                    half: bool = True,
                    reduction: str = 'mean',
                    max_memory: int = DEFAULT_MEMORY) -> ClassCurvature:
    """Mean Gaussian curvature of each class (Algorithm 3, line 15).

    Departure: the mean is taken over abs(det), because the normal's sign is
    arbitrary and Curvature Regularization needs a positive value. Options
    that are not listed are those of
    :func:`~mmcurv.geometry.curvature.point_curvature`. A class of n_c samples
    uses min(k, n_c - 1) neighbours.

    Args:
        features (Tensor): Shape (N, p), floating point.
        labels (Tensor): Shape (N,), integers in [0, num_classes).
        num_classes (int): C.
        k (int): Neighbours. Defaults to 40.
        tangent_dim (int): m. Defaults to 2.
        normal (str): 'smallest' or 'next'. Defaults to 'smallest'.
        fit (str): 'ridge', 'symmetric' or 'paper'. Defaults to 'ridge'.
        ridge (float): Relative ridge. Defaults to 0.0001.
        half (bool): theta is the Hessian. Defaults to True.
        reduction (str): 'mean', 'geometric' or 'median' of abs(det).
            Defaults to 'mean'.
        max_memory (int): Bound in bytes on scratch memory.
            Defaults to 268435456.

    Returns:
        ClassCurvature: Four tensors (C,).

    Raises:
        ValueError: If features are not finite, a label is out of range, or
            an option is unknown.

    Example:
        >>> import torch
        >>> from mmcurv.geometry import class_curvature
        >>> features = torch.randn(300, 8)
        >>> labels = torch.arange(300) % 3
        >>> class_curvature(features, labels, num_classes=3).count
        tensor([100, 100, 100])
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f'reduction must be one of {REDUCTIONS}, '
                         f'got {reduction!r}.')
    check_options(k, tangent_dim, normal, fit, ridge)
    features, labels = check_features(features, labels, num_classes)
    log_abs_det = log_curvature_in_classes(features, labels, num_classes, k,
                                           tangent_dim, normal, fit, ridge,
                                           half, max_memory)
    log_value = reduce_by_class(log_abs_det, labels, num_classes, reduction)
    used = labels[~torch.isnan(log_abs_det)]
    return ClassCurvature(
        value=log_value.exp(),
        log_value=log_value,
        count=torch.bincount(labels, minlength=num_classes),
        points_used=torch.bincount(used, minlength=num_classes))


def log_curvature_in_classes(features: Tensor,
                             labels: Tensor,
                             num_classes: int,
                             k: int = 40,
                             tangent_dim: int = 2,
                             normal: str = 'smallest',
                             fit: str = 'ridge',
                             ridge: float = DEFAULT_RIDGE,
                             half: bool = True,
                             max_memory: int = DEFAULT_MEMORY) -> Tensor:
    """log|det| of every sample among its own class, (N, p) -> (N,).

    Arguments as in :func:`class_curvature`, already checked.
    """
    count = torch.bincount(labels, minlength=num_classes)
    order = labels.sort(stable=True).indices  # samples, class by class
    parts, places = [], []
    for members in order.split(count.tolist()):
        near = min(k, len(members) - 1)
        places.append(members)
        if near < neighbors_needed(tangent_dim):
            parts.append(undetermined(features.new_empty(len(members)))[1])
            continue
        own, unit = to_moderate_unit(features[members])
        rows = torch.arange(len(members), device=members.device)
        neighbors = nearest(own.detach(), own.detach(), near, rows, max_memory)
        step = points_per_chunk(near, features, max_memory)
        # Indexing would add the gradients of a row in the order of threads.
        for part, around in zip(own.split(step), neighbors.split(step)):
            curvature = curvature_of_offsets(
                F.embedding(around, own) - part[:, None],
                torch.full_like(around[:, 0], near), tangent_dim, normal, fit,
                ridge, half, part, unit)
            parts.append(curvature.log_abs_det)
    place = torch.empty_like(order)
    place[torch.cat(places)] = torch.arange(len(order), device=order.device)
    return torch.cat(parts)[place] if parts else features.new_empty(0)
