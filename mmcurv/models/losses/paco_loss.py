# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Parametric contrastive loss.

Cui et al., *Parametric Contrastive Learning*, 2021, equation 5, with the
constants of its code.
"""
import math
from typing import Any, Optional

import torch
from torch import Tensor

from mmcurv.registry import MODELS
from .balanced_softmax_loss import log_prior
from .base import (CountedLoss, at_least_float32, check_not_negative,
                   check_positive, checked_target, without_autocast)


def parametric_contrast(centres: Tensor,
                        similarities: Tensor,
                        labels: Tensor,
                        contrast_labels: Tensor,
                        left_out: Tensor,
                        alpha: float,
                        beta: float = 1.,
                        gamma: float = 1.) -> Tensor:
    """-sum w log p / sum w of each sample.

    p is a softmax over C class centres and M contrasts, which count gamma
    times in its denominator; w is beta for the centre of the own class, alpha
    for every contrast of the same class and 0 for the rest.

    Args:
        centres (Tensor): (B, C) logits of the classes.
        similarities (Tensor): (B, M) logits of the contrasts.
        labels (Tensor): (B,).
        contrast_labels (Tensor): (M,).
        left_out (Tensor): (B, M) bool, contrasts that a sample has not.
        alpha (float): At least 0.
        beta (float): Positive. Defaults to 1.0.
        gamma (float): Positive. Defaults to 1.0.

    Returns:
        Tensor: (B,) losses.
    """
    apart = similarities.masked_fill(left_out, -math.inf)  # (B, M)
    everything = torch.cat([centres, apart + math.log(gamma)], dim=1)
    log_total = everything.logsumexp(1)
    same = (labels[:, None] == contrast_labels[None]) & ~left_out
    own = centres.gather(1, labels[:, None]).squeeze(1)
    wanted = beta * own + alpha * (similarities * same).sum(1)
    weight = beta + alpha * same.sum(1)
    return log_total - wanted / weight


@MODELS.register_module()
class PaCoLoss(CountedLoss):
    """Loss of :class:`~mmcurv.models.PaCoClassifier`.

    The class centres are the classifier's logits plus the log prior, over
    ``supt``: balanced softmax among contrasts. The prior is there in training
    alone. Two departures: the log prior is exact, where the code adds 1e-9
    to it, and empty slots of the queue take no part, where the code starts
    with random keys of random labels.

    Args:
        alpha (float): Weight of contrasts of the same class, at least 0.
            Defaults to 0.01.
        beta (float): Weight of the own centre, positive. Defaults to 1.0.
        gamma (float): How often a contrast counts in the denominator,
            positive. Defaults to 1.0.
        supt (float): Divides the logits of the centres, positive. Defaults
            to 1.0.
        temperature (float): T, divides the cosines of the contrasts,
            positive. Defaults to 0.05.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.PaCoLoss', temperature=0.05))
    """
    soft_refusal = ('PaCo contrasts images by their class, and a soft label '
                    'is of no one class.')

    def __init__(self,
                 alpha: float = 0.01,
                 beta: float = 1.,
                 gamma: float = 1.,
                 supt: float = 1.,
                 temperature: float = 0.05,
                 class_counts: Optional[Any] = None,
                 loss_weight: float = 1.):
        check_not_negative(alpha=alpha)
        check_positive(
            beta=beta, gamma=gamma, supt=supt, temperature=temperature)
        super().__init__(
            'log_prior', log_prior, class_counts, loss_weight=loss_weight)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.supt = supt
        self.temperature = temperature

    def forward(self, cls_score: Tensor, target: Tensor, queries: Tensor,
                keys: Tensor, queue_keys: Tensor,
                queue_labels: Tensor) -> Tensor:
        """Contrast queries with each other, their keys and the queue.

        Args:
            cls_score (Tensor): (B, C) of the linear classifier.
            target (Tensor): (B,) labels.
            queries (Tensor): (B, d) unit vectors.
            keys (Tensor): (B, d) unit vectors of the same images.
            queue_keys (Tensor): (K, d) unit vectors.
            queue_labels (Tensor): (K,), negative where there is none.

        Returns:
            Tensor: The mean over the batch.

        Raises:
            ValueError: If scores or labels are unfit, see
                :func:`~mmcurv.models.losses.base.checked_target`.
        """
        target = checked_target(cls_score, target, self.soft_refusal)
        scores, queries = map(at_least_float32, (cls_score, queries))
        others = torch.cat([keys, queue_keys]).to(queries)
        contrasts = torch.cat([queries, others])  # (2B + K, d)
        labels = torch.cat([target, target, queue_labels])
        left_out = (labels < 0).repeat(len(target), 1)
        left_out[:, :len(target)].fill_diagonal_(True)  # oneself
        with without_autocast(queries):
            similarities = queries @ contrasts.T / self.temperature
        losses = parametric_contrast(
            (scores + self.constant(scores)) / self.supt, similarities, target,
            labels, left_out, self.alpha, self.beta, self.gamma)
        return self.loss_weight * losses.mean()
