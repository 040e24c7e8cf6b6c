# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Losses that weigh classes or hard samples more than others.

By effective number: Cui et al., *Class-Balanced Loss Based on Effective
Number of Samples*, 2019, in the scale of the authors' code, where the weights
of C classes add up to C. By frequency: the generalized re-weighting of Zhang
et al., *Distribution Alignment: A Unified Framework for Long-tail Visual
Recognition*, 2021, in the scale of its code, which is the same. By
probability: Lin et al., *Focal Loss for Dense Object Detection*, 2017.
"""
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import (ClassWeights, CountedLoss, LongTailedLoss, check_choice,
                   check_not_negative, usable_counts)

CARRIERS = ('softmax', 'sigmoid', 'focal')


def effective_number_weights(counts: Any, beta: float = 0.9999) -> Tensor:
    """(1 - beta) / (1 - beta^n) of every class, scaled to mean 1.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        beta (float): In [0, 1). 0 weighs all classes alike; towards 1 the
            weights approach those by inverse counts. Defaults to 0.9999.

    Returns:
        Tensor: (C,) float64, positive.

    Raises:
        ValueError: If beta is out of range, or a class has no image.

    Example:
        >>> effective_number_weights([1, 3], beta=0.5)
        tensor([1.2727, 0.7273], dtype=torch.float64)
    """
    check_beta(beta)
    counts = usable_counts(counts)
    log_beta = torch.tensor(beta, dtype=counts.dtype).log()  # -inf at 0
    weights = 1 / -torch.expm1(counts * log_beta)  # (C,)
    return weights / weights.mean()


def check_beta(beta: float) -> None:
    """Raise ValueError unless beta is in [0, 1)."""
    if not 0 <= beta < 1:
        raise ValueError(
            f'expected beta of at least 0 and below 1, got {beta}. For '
            'weights by inverse counts take a value close to 1, such as '
            '0.999999.')


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


def softmax_focal(scores: Tensor,
                  labels: Tensor,
                  gamma: float,
                  detach_pt: bool = False) -> Tensor:
    """(1 - p)^gamma times cross-entropy, p being that of the label.

    1 - p is the sum of the other probabilities, taken in the log domain, so
    that value and gradient are right also where p is rounded to 1.

    Args:
        scores (Tensor): (B, C), C of at least 2.
        labels (Tensor): (B,) int64.
        gamma (float): At least 0; 0 is cross-entropy.
        detach_pt (bool): Whether (1 - p)^gamma is a constant in the gradient.
            Defaults to False.

    Returns:
        Tensor: (B,) losses.
    """
    losses = F.cross_entropy(scores, labels, reduction='none')
    if gamma == 0:
        return losses
    is_label = F.one_hot(labels, scores.shape[1]).bool()
    others = scores.masked_fill(is_label, -torch.inf)
    log_rest = others.logsumexp(1) - scores.logsumexp(1)  # log(1 - p), (B,)
    factor = torch.exp(gamma * log_rest)
    return (factor.detach() if detach_pt else factor) * losses


@MODELS.register_module()
class ClassBalancedLoss(CountedLoss):
    """Effective-number weights times one of three losses.

    These are cross-entropy on the softmax, or binary cross-entropy or focal
    loss summed over the sigmoids of all classes. The mean is over the batch,
    as in the authors' code; weights do not enter its divisor. For 'sigmoid'
    and 'focal' the authors start the classifier's bias at -log(C - 1), a
    probability of 1 / C for every class, and do not decay it.

    Args:
        carrier (str): 'softmax', 'sigmoid' or 'focal'. Defaults to 'focal'.
        beta (float): Of the effective numbers, in [0, 1); 0 is no weights.
            Defaults to 0.9999.
        gamma (float): Exponent of 'focal', at least 0; other carriers do not
            use it. Defaults to 1.0.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

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
                 **kwargs):
        check_choice('carrier', carrier, CARRIERS)
        check_beta(beta)
        check_not_negative(gamma=gamma)
        super().__init__('class_weights',
                         partial(effective_number_weights, beta=beta),
                         **kwargs)
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


@MODELS.register_module()
class GeneralizedReweightingLoss(CountedLoss):
    """Cross-entropy with the weights of :func:`inverse_frequency_weights`.

    A mean is divided by the sum of the samples' weights, as in the code.

    Args:
        rho (float): Exponent, at least 0. The code has 1.2 on ImageNet-LT
            with ResNeXt-50. Defaults to 1.2.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.GeneralizedReweightingLoss'))
    """
    soft_refusal = ('A weighted mean is divided by the weights of the labels, '
                    'so it is not linear in them.')

    def __init__(self, rho: float = 1.2, **kwargs):
        check_not_negative(rho=rho)
        super().__init__('weights',
                         partial(inverse_frequency_weights, rho=rho), **kwargs)

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


@MODELS.register_module()
class SoftmaxFocalLoss(ClassWeights, LongTailedLoss):
    """Focal loss on the softmax, weighted by class after ``set_weights``.

    Equation 4 of the paper, with the probability of the label under the
    softmax, as in the long-tailed literature. The paper's own form, on one
    sigmoid per class, is mmpretrain's ``FocalLoss``; with ``alpha=0.5`` all
    classes count alike in it.

    A weighted mean is divided by the batch size, as in the LDAM code. One
    departure from it: class weights multiply the loss from outside. There
    they also enter the probability, which then is none.

    Args:
        gamma (float): Exponent, at least 0. The LDAM code has 1. Defaults to
            1.0.
        detach_pt (bool): Whether (1 - p)^gamma is a constant in the gradient;
            the LDAM code differentiates it, those of TDE and GCL do not.
            Defaults to False.
        **kwargs: ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.LongTailedLoss`.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=1.))
        >>> sigmoid = dict(type='FocalLoss', gamma=2., alpha=0.5)
    """
    soft_refusal = ('Focal loss depends on the probability of the one label, '
                    'so it is not linear in labels.')
    over_weights = False

    def __init__(self, gamma: float = 1., detach_pt: bool = False, **kwargs):
        super().__init__(**kwargs)
        check_not_negative(gamma=gamma)
        self.gamma = gamma
        self.detach_pt = detach_pt

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Focal loss, (B,)."""
        return softmax_focal(scores, target, self.gamma, self.detach_pt)
