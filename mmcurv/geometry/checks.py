# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What geometric measures ask of their input, and the units they take."""
from numbers import Integral
from typing import Any, Tuple

import torch
from torch import Tensor


def check_points(points: Tensor, name: str = 'points') -> Tensor:
    """Return ``points`` (n, p) in float32 or float64, or say what is wrong.

    Half precision is widened to float32; integers are refused, because a
    determinant of integers is rarely what was meant.

    Raises:
        TypeError: If ``points`` is no floating point tensor.
        ValueError: If it is not 2-D or holds NaN or inf.
    """
    if not isinstance(points, Tensor) or not points.is_floating_point():
        got = points.dtype if isinstance(points, Tensor) else type(points)
        raise TypeError(f'{name} must be a floating point torch.Tensor of '
                        f'shape (n, p), got {got}. Convert it first, e.g. '
                        f'torch.as_tensor({name}).float().')
    if points.dim() != 2:
        raise ValueError(f'{name} must have shape (n, p), got '
                         f'{tuple(points.shape)}. Pool or flatten each '
                         f'sample to one row.')
    bad = (~torch.isfinite(points.detach())).any(1).sum().item()
    if bad:
        raise ValueError(f'{name} must be finite, but {bad} of '
                         f'{points.shape[0]} rows hold NaN or inf. Drop '
                         f'those rows or find where they come from.')
    return points if points.dtype == torch.float64 else points.float()


def check_labels(labels: Tensor, n: int, num_classes: int) -> Tensor:
    """Return ``labels`` as int64 of shape (n,), or say what is wrong.

    Raises:
        TypeError: If labels are not integers.
        ValueError: If their number is not n or one is outside
            [0, num_classes).
    """
    labels = torch.as_tensor(labels)
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise TypeError(f'labels must be integer class indices, got '
                        f'{labels.dtype}. For soft or one-hot labels take '
                        f'the argmax first.')
    if labels.shape != (n, ):
        raise ValueError(f'labels must have shape ({n},), one per row of '
                         f'features, got {tuple(labels.shape)}.')
    outside = ((labels < 0) | (labels >= num_classes)).sum().item()
    if outside:
        raise ValueError(
            f'labels must lie in [0, {num_classes}), but {outside} of {n} '
            f'do not (min {labels.min().item()}, max {labels.max().item()}). '
            f'Raise num_classes or map the labels to 0..C-1.')
    return labels.long()


def check_features(features: Tensor, labels: Tensor,
                   num_classes: int) -> Tuple[Tensor, Tensor]:
    """Check features (N, p) with their labels (N,); see the two above."""
    features = check_points(features, 'features')
    labels = check_labels(labels, features.shape[0], num_classes)
    return features, labels.to(features.device)


def is_whole(number: Any) -> bool:
    """Whether it is an integer of at least 1, which NaN and 2.0 are not."""
    return (isinstance(number, Integral) and not isinstance(number, bool)
            and number >= 1)


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


def on_host(values: Tensor) -> bool:
    """Where this is False, steps must not depend on what the values are:
    whoever reads one waits for everything that a GPU has still to do."""
    return values.is_cpu
