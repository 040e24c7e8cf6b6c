# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Normalized classifier that removes a moving average feature at test.

Tang et al., Long-Tailed Classification by Keeping the Good and Removing the
Bad Momentum Causal Effect, 2020, equations 9 and 10, in the form of its code:
the moving feature is not normalized by 1 - mu. Departures: it is a mean over
all processes, and where it is zero, as before the first step, or where a
feature is, the direction is zero instead of nan.
"""
import math
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from mmpretrain.models.heads import ClsHead
from torch import Tensor, nn

from mmcurv.registry import MODELS
from .linear import PairedLabels


def causal_norm_logits(features: Tensor,
                       weight: Tensor,
                       moving_feature: Optional[Tensor] = None,
                       alpha: float = 0.,
                       num_heads: int = 2,
                       tau: float = 16.,
                       gamma: float = 0.03125) -> Tensor:
    """Logits of a multi-head normalized classifier.

    With x^, d^ the directions of feature and moving feature and
    w^ = w / (norm(w) + gamma), each taken in K slices of p/K numbers,

        z = tau/K * sum_k (x^_k - alpha * (x^_k . d^_k) d^_k) . w^_k

    Args:
        features (Tensor): (B, p).
        weight (Tensor): (C, p).
        moving_feature (Tensor, optional): (p,); only its directions enter.
            Needed unless alpha is 0. Defaults to None.
        alpha (float): Strength of the removal, 0 in training. Defaults to 0.
        num_heads (int): K, a divisor of p. Defaults to 2.
        tau (float): Scale of the logits. Defaults to 16.
        gamma (float): Added to the norms of the weights. Defaults to 0.03125.

    Returns:
        Tensor: (B, C).
    """
    heads = (num_heads, -1)
    x = F.normalize(features.unflatten(1, heads), dim=2)  # (B, K, p/K)
    w = weight.unflatten(1, heads)  # (C, K, p/K)
    w = w / (w.norm(dim=2, keepdim=True) + gamma)
    if alpha:
        d = F.normalize(moving_feature.unflatten(0, heads), dim=1)  # (K, p/K)
        x = x - alpha * (x * d).sum(2, keepdim=True) * d
    return tau / num_heads * x.flatten(1) @ w.flatten(1).t()


class CausalNormLinear(nn.Module):
    """The classifier layer of De-confound-TDE, with its moving feature.

    A training step with gradients moves d to mu * d + mean(features), before
    the logits; evaluation removes d from the features. d is a buffer, so it
    is saved, resumed and equal in all processes.

    Args:
        in_features (int): p, a multiple of ``num_heads``.
        out_features (int): C.
        num_heads (int): K.
        tau (float): Scale of the logits.
        gamma (float): Added to the norms of the weights.
        alpha (float): Strength of the removal at test.
        mu (float): Momentum of d, in [0, 1].

    Raises:
        ValueError: If p is no multiple of K.
    """

    def __init__(self, in_features: int, out_features: int, num_heads: int,
                 tau: float, gamma: float, alpha: float, mu: float):
        super().__init__()
        if num_heads < 1 or in_features % num_heads:
            raise ValueError(
                'num_heads must divide the number of features, but got '
                f'num_heads={num_heads} and {in_features} features.')
        self.in_features = in_features
        self.out_features = out_features
        self.num_heads = num_heads
        self.tau = tau
        self.gamma = gamma
        self.alpha = alpha
        self.mu = mu
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        bound = 1 / math.sqrt(in_features)
        nn.init.uniform_(self.weight, -bound, bound)
        self.register_buffer('moving_feature', torch.zeros(in_features))

    def forward(self, features: Tensor) -> Tensor:
        """(B, p) features to (B, C) logits."""
        # Not where a loop in training mode only looks at the data, such as
        # one that measures batch statistics.
        if self.training and torch.is_grad_enabled():
            self._move(features)
        alpha = 0. if self.training else self.alpha
        return causal_norm_logits(features, self.weight, self.moving_feature,
                                  alpha, self.num_heads, self.tau, self.gamma)

    @torch.no_grad()
    def _move(self, features: Tensor) -> None:
        moving = self.moving_feature
        rows = features.to(moving)  # (B, p)
        # Sum and number, since the processes' batches may differ in size.
        total = torch.cat([rows.sum(0), moving.new_tensor([len(rows)])])
        all_reduce(total)
        moving.mul_(self.mu).add_(total[:-1] / total[-1])

    def extra_repr(self) -> str:
        """Options, for the printed model."""
        return ', '.join(f'{name}={getattr(self, name)}'
                         for name in ('in_features', 'out_features',
                                      'num_heads', 'tau', 'gamma', 'alpha',
                                      'mu'))


@MODELS.register_module()
class CausalNormHead(PairedLabels, ClsHead):
    """Normalized classifier that removes a moving average feature at test.

    De-confound-TDE. The input of ``fc`` is the feature before it is
    normalized, so ``layer='head.fc'`` is what Curvature Regularization
    takes. CIFAR configs of the original have alpha 1 for 10 classes and 1.5
    for 100; its rule of thumb is that alpha times the mean cosine of features
    and moving feature is about 1.

    Args:
        num_classes (int): C.
        in_channels (int): Features p, a multiple of ``num_heads``.
        num_heads (int): Slices that are normalized one by one. Defaults to 2.
        tau (float): Scale of the logits. Defaults to 16.
        gamma (float): Added to the norms of the weights. Defaults to 0.03125.
        alpha (float): Strength of the removal, at test only. Defaults to 1.
        mu (float): Momentum of the moving feature, in [0, 1]. Defaults to
            0.9.
        **kwargs: Of mmpretrain's ``ClsHead``, such as ``loss``.

    Raises:
        ValueError: If ``num_heads`` does not divide ``in_channels``, or
            ``mu`` is not in [0, 1].

    Examples:
        >>> head = dict(
        ...     type='mmcurv.CausalNormHead',
        ...     num_classes=100,
        ...     in_channels=128,
        ...     alpha=1.5)
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 num_heads: int = 2,
                 tau: float = 16.,
                 gamma: float = 0.03125,
                 alpha: float = 1.,
                 mu: float = 0.9,
                 **kwargs):
        super().__init__(**kwargs)
        if not 0 <= mu <= 1:
            raise ValueError(f'mu must be in [0, 1], got {mu}.')
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.fc = CausalNormLinear(in_channels, num_classes, num_heads, tau,
                                   gamma, alpha, mu)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Logits (B, C) of the last of the features, (B, p)."""
        return self.fc(self.pre_logits(feats))
