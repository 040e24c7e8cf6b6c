# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Cross-entropy weighted by a power of the inverse class frequency.

The generalized re-weighting of Zhang et al., *Distribution Alignment: A
Unified Framework for Long-tail Visual Recognition*, 2021, in the scale of its
code: the weights of C classes add up to C.
"""
from functools import partial
from typing import Any, Optional

import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .checks import check_not_negative
from .counted_loss import CountedLoss
from .usable_counts import usable_counts


def inverse_frequency_weights(counts: Any, rho: float = 1.2) -> Tensor:
    """n_c^-rho of every class, scaled to mean 1.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        rho (float): At least 0; 0 weighs all classes alike. Defaults to 1.2.

    Returns:
        Tensor: (C,) float64.

    Example:
        >>> inverse_frequency_weights([3, 1], rho=1.)
        tensor([0.5000, 1.5000], dtype=torch.float64)
    """
    counts = usable_counts(counts)
    weights = (counts.min() / counts)**rho  # (C,)
    return weights / weights.mean()


@MODELS.register_module()
class GeneralizedReweightingLoss(CountedLoss):
    """Cross-entropy with the weights of :func:`inverse_frequency_weights`.

    A mean is divided by the sum of the samples' weights, as in the code.

    Args:
        rho (float): Exponent, at least 0. The code has 1.2 on ImageNet-LT
            with ResNeXt-50. Defaults to 1.2.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.GeneralizedReweightingLoss'))
    """
    soft_refusal = ('A weighted mean is divided by the weights of the labels, '
                    'so it is not linear in them.')

    def __init__(self,
                 rho: float = 1.2,
                 class_counts: Optional[Any] = None,
                 reduction: str = 'mean',
                 loss_weight: float = 1.):
        check_not_negative(rho=rho)
        super().__init__(
            'weights',
            partial(inverse_frequency_weights, rho=rho),
            class_counts,
            reduction=reduction,
            loss_weight=loss_weight)

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy, (B,)."""
        return F.cross_entropy(scores, target, reduction='none')

    def weigh(self, losses: Tensor, scores: Tensor, target: Tensor,
              reduction: str) -> Tensor:
        """(B,) losses, each times the weight of its class."""
        weights = self.constant(scores)[target]  # (B,)
        if reduction == 'mean':
            weights = weights / weights.mean()
        return weights * losses
