# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From log|det| of points to one value per class, in the log domain.

-inf (a flat point) is a value; nan (an undetermined point) is left out.
"""
import math
from typing import List

import torch
from torch import Tensor

REDUCTIONS = ('mean', 'geometric', 'median')


def class_members(labels: Tensor, num_classes: int) -> List[Tensor]:
    """Indices of each class's points, ascending: C int64 tensors."""
    order = labels.argsort(stable=True)
    counts = torch.bincount(labels, minlength=num_classes)
    return list(order.split(counts.tolist()))


def reduce_by_class(log_values: Tensor, labels: Tensor, num_classes: int,
                    reduction: str) -> Tensor:
    """Log of the reduced exp(log_values) of each class.

    Args:
        log_values (Tensor): Shape (N,).
        labels (Tensor): Shape (N,), int64.
        num_classes (int): C.
        reduction (str): 'mean' of the values, their 'geometric' mean or
            their 'median'.

    Returns:
        Tensor: Shape (C,); nan for a class without a value.
    """
    used = ~torch.isnan(log_values)
    count = count_by_class(used, labels, num_classes)
    if reduction == 'mean':
        # What is flat adds nothing, and neither should what is left out.
        counted = torch.where(used, log_values, -math.inf)
        result = log_sum_exp_by_class(counted, labels, num_classes)
        result = result - count.to(result.dtype).log()
    elif reduction == 'geometric':
        result = log_values.new_zeros(num_classes)
        counted = torch.where(used, log_values, 0)
        result = result.index_add(0, labels, counted) / count
    else:
        result = _median(log_values, labels, count)
    return torch.where(count > 0, result, math.nan)


def count_by_class(used: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """How many of each class are used, (N,) bool and (N,) to (C,) int64.

    In shapes that the host knows, so that a GPU need not be waited for.
    """
    count = labels.new_zeros(num_classes)
    return count.index_add(0, labels, used.to(count))


def log_sum_exp_by_class(log_values: Tensor, labels: Tensor,
                         num_classes: int) -> Tensor:
    """log sum exp of each class, -inf for an empty one, (N,) -> (C,)."""
    top = log_values.detach().new_full((num_classes, ), -math.inf)
    top.scatter_reduce_(0, labels, log_values.detach(), 'amax')
    top = torch.where(torch.isfinite(top), top, 0)
    total = log_values.new_zeros(num_classes)
    # exp(-inf) has gradient 0 * inf, so flat points are taken out first.
    flat = log_values == -math.inf
    safe = torch.where(flat, 0, log_values - top[labels])
    total = total.index_add(0, labels, torch.where(flat, 0, safe.exp()))
    empty = total == 0
    log_total = torch.where(empty, 1, total).log()
    return torch.where(empty, -math.inf, log_total + top)


def _median(log_values: Tensor, labels: Tensor, count: Tensor) -> Tensor:
    """Middle value; the mean of both middle values for an even count.

    What is nan comes last of all, behind the last class.
    """
    labels = torch.where(torch.isnan(log_values), len(count), labels)
    order = log_values.sort().indices
    order = order[labels[order].sort(stable=True).indices]
    start = count.cumsum(0) - count
    last = max(len(order) - 1, 0)
    low = (start + (count - 1).clamp_min(0) // 2).clamp_max(last)
    high = (start + count // 2).clamp_max(last)
    if not len(order):
        return log_values.new_full(count.shape, math.nan)
    low, high = log_values[order[low]], log_values[order[high]]
    flat = high == -math.inf  # logaddexp of twice -inf has a NaN gradient
    middle = torch.logaddexp(
        torch.where(flat, 0, low), torch.where(flat, 0, high))
    return torch.where(flat, -math.inf, middle - math.log(2))
