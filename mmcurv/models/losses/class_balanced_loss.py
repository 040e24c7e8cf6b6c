# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class-balanced loss.

Cui et al., *Class-Balanced Loss Based on Effective Number of Samples*, 2019:
the weight of the label times cross-entropy on the softmax, or binary
cross-entropy or focal loss summed over the sigmoids of all classes. The mean
is over the batch, as in the authors' code; weights do not enter its divisor.
"""
from functools import partial
from typing import Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .checks import check_choice, check_not_negative
from .counted_loss import CountedLoss
from .effective_number_weights import check_beta, effective_number_weights

CARRIERS = ('softmax', 'sigmoid', 'focal')


def sigmoid_focal(scores: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """(1 - p)^gamma times binary cross-entropy, summed over all classes.

    p is the probability of what is true: sigmoid(z) for the label and
    1 - sigmoid(z) for every other class. It stays inside log-sigmoids, which
    do not overflow.

    Args:
        scores (Tensor): (B, C).
        labels (Tensor): (B,) int64.
        gamma (float): At least 0; 0 is binary cross-entropy.

    Returns:
        Tensor: (B,) losses.
    """
    is_label = F.one_hot(labels, scores.shape[1]).bool()
    signed = torch.where(is_label, scores, -scores)  # (B, C), p = sigmoid
    factor = torch.exp(gamma * F.logsigmoid(-signed))
    return -(factor * F.logsigmoid(signed)).sum(1)


@MODELS.register_module()
class ClassBalancedLoss(CountedLoss):
    """Effective-number weights times one of three losses.

    For 'sigmoid' and 'focal' the authors start the classifier's bias at
    -log(C - 1), a probability of 1 / C for every class, and do not decay it.

    Args:
        carrier (str): 'softmax', 'sigmoid' or 'focal'. Defaults to 'focal'.
        beta (float): Of the effective numbers, in [0, 1); 0 is no weights.
            Defaults to 0.9999.
        gamma (float): Exponent of 'focal', at least 0; other carriers do not
            use it. Defaults to 1.0.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Examples:
        >>> head = dict(
        ...     type='LinearClsHead',
        ...     loss=dict(type='mmcurv.ClassBalancedLoss', carrier='focal'),
        ...     init_cfg=dict(
        ...         type='Kaiming', layer='Linear', mode='fan_in',
        ...         bias_prob=1 / 10))  # 1 / num_classes
        >>> optim_wrapper = dict(paramwise_cfg=dict(
        ...     custom_keys={'head.fc.bias': dict(decay_mult=0.)}))
    """
    soft_refusal = ('The class-balanced loss is weighted by the one label '
                    'and, with focal, not linear in it.')

    def __init__(self,
                 carrier: str = 'focal',
                 beta: float = 0.9999,
                 gamma: float = 1.,
                 class_counts: Optional[Any] = None,
                 reduction: str = 'mean',
                 loss_weight: float = 1.):
        check_choice('carrier', carrier, CARRIERS)
        check_beta(beta)
        check_not_negative(gamma=gamma)
        super().__init__(
            'class_weights',
            partial(effective_number_weights, beta=beta),
            class_counts,
            reduction=reduction,
            loss_weight=loss_weight)
        self.carrier = carrier
        self.gamma = gamma

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Weight of the label times the carrier, (B,)."""
        weights = self.constant(scores)  # (C,)
        if self.carrier == 'softmax':
            losses = F.cross_entropy(scores, target, reduction='none')
        else:
            gamma = self.gamma if self.carrier == 'focal' else 0.
            losses = sigmoid_focal(scores, target, gamma)
        return weights[target] * losses
