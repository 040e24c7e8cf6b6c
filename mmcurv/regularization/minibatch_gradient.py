# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The gradient of log G as the live points of a batch estimate it."""
import math

import torch
from torch import Tensor

from mmcurv.geometry.reduction import (count_by_class, log_sum_exp_by_class,
                                       reduce_by_class)

ESTIMATED = ('mean', 'geometric')  # reductions that are means over points


def minibatch_gradient(values: Tensor, labels: Tensor, log_g: Tensor,
                       reduction: str) -> Tensor:
    """Zero, with the gradient of a mean over the live points of each class.

    For 'mean' it is that of (mean over live points of abs(det)) / G, for
    'geometric' that of the mean over live points of log abs(det). With the
    neighbours held, both are unbiased for the gradient over all points.

    Args:
        values (Tensor): log abs(det) of the live points, shape (a,), with
            graph; nan where it is undetermined.
        labels (Tensor): Shape (a,).
        log_g (Tensor): log G, shape (C,), a constant here.
        reduction (str): 'mean' or 'geometric'.

    Returns:
        Tensor: Shape (C,); without gradient where log G is not finite or no
        live point has a value.
    """
    usable = torch.isfinite(log_g)
    if reduction == 'geometric':
        part = reduce_by_class(values, labels, len(log_g), reduction)
        part = torch.where(usable & torch.isfinite(part.detach()), part, 0)
        return part - part.detach()
    used = ~torch.isnan(values)
    count = count_by_class(used, labels, len(log_g))
    values = torch.where(used, values, -math.inf)  # adds nothing
    log_sum = log_sum_exp_by_class(values, labels, len(log_g))
    usable &= torch.isfinite(log_sum.detach())
    ratio = torch.where(usable, log_sum - log_g, 0).exp() / count
    ratio = torch.where(usable, ratio, 0)
    return ratio - ratio.detach()
