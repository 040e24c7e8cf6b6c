# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Label distribution disentangling.

Hong et al., *Disentangling Label Distribution for Long-tailed Visual
Recognition*, 2021: balanced softmax plus a regularizer that holds the scores
at the log-ratio of the class's density to that of all images, a regularized
Donsker-Varadhan bound for each class. As in the authors' code, the importance
weight inside the bound is that of the class whose bound it is, not that of
each sample's own label as the derivation suggests.

Departure from the code: no 1e-9 beside the prior and no 1e-8 beside the count
of a class in the batch. They guard against classes without training images,
which are refused here, and against 0 / 0.
"""
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import CountedLoss, check_not_negative, usable_counts


def class_prior(counts: Any) -> Tensor:
    """n_c / N of every class, (C,) float64."""
    counts = usable_counts(counts)
    return counts / counts.sum()


def lade_regularizer(scores: Tensor, labels: Tensor, prior: Tensor,
                     lam: float) -> Tensor:
    """-sum_c pi_c (mean of z_c over the class's samples - S_c - lam S_c^2).

    S_c = log mean_i exp(z_c(x_i)) / (C pi_c), over all samples. The mean of a
    class that the batch lacks counts as 0; its S_c acts all the same.

    Args:
        scores (Tensor): (B, C) z.
        labels (Tensor): (B,) int64.
        prior (Tensor): (C,) pi, positive.
        lam (float): Strength of the bound's own regularization.

    Returns:
        Tensor: A scalar of any sign.
    """
    num_samples, num_classes = scores.shape
    own = scores.gather(1, labels[:, None])[:, 0]  # (B,)
    none = torch.zeros_like(prior)
    sums = none.index_add(0, labels, own)  # (C,)
    # Not bincount, which waits for a GPU.
    members = none.index_add(0, labels, torch.ones_like(own))  # (C,)
    means = sums / members.clamp(min=1)
    shift = prior.log() + math.log(num_classes * num_samples)
    bound = scores.logsumexp(0) - shift  # (C,) S
    return -(prior * (means - bound - lam * bound.square())).sum()


@MODELS.register_module()
class LADELoss(CountedLoss):
    """Balanced softmax plus alpha times the regularizer of LADE.

    The loss may be negative. Without reduction, every sample carries the
    regularizer of its batch. Best kept with a small alpha where a batch sees
    few of the classes: the bound of a class is estimated from its samples.

    Args:
        alpha (float): Weight of the regularizer, at least 0. The authors have
            0.1 on CIFAR-100-LT, 0.05 on ImageNet-LT and iNaturalist. Defaults
            to 0.1.
        lam (float): Strength of the bound's regularization, at least 0. The
            authors have 0.01 on CIFAR-100-LT, 0.5 on the others. Defaults to
            0.01.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Examples:
        >>> head = dict(
        ...     loss=dict(type='mmcurv.LADELoss', alpha=0.1, lam=0.01))
    """
    soft_refusal = ('The regularizer of LADE takes means over the samples of '
                    'a class, so it is not linear in labels.')

    def __init__(self, alpha: float = 0.1, lam: float = 0.01, **kwargs):
        check_not_negative(alpha=alpha, lam=lam)
        super().__init__('prior', class_prior, **kwargs)
        self.alpha = alpha
        self.lam = lam

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Balanced softmax of each sample plus the regularizer, (B,)."""
        prior = self.constant(scores)  # (C,)
        logits = scores + prior.log()
        losses = F.cross_entropy(logits, target, reduction='none')
        regularizer = lade_regularizer(scores, target, prior, self.lam)
        return losses + self.alpha * regularizer
