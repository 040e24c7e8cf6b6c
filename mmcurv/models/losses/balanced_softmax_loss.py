# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Balanced softmax, also known as logit adjustment.

Ren et al., *Balanced Meta-Softmax for Long-Tailed Visual Recognition*, 2020;
Menon et al., *Long-Tail Learning via Logit Adjustment*, 2021, equation 10,
which has the factor tau besides.
"""
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import CountedLoss, check_not_negative, usable_counts


def log_prior(counts: Any, tau: float = 1.) -> Tensor:
    """tau * log(n_c / N) of every class.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        tau (float): Defaults to 1.0.

    Returns:
        Tensor: (C,) float64.
    """
    counts = usable_counts(counts)
    return tau * (counts / counts.sum()).log()


@MODELS.register_module()
class BalancedSoftmaxLoss(CountedLoss):
    """Cross-entropy of scores plus the log prior of the classes.

    At test time the scores stand alone, which makes them those of a balanced
    set. Together with a balanced sampler the imbalance is corrected twice.

    It is linear in the label, so soft labels are welcome.

    Args:
        tau (float): Factor of the log prior, at least 0; 0 is cross-entropy.
            Defaults to 1.0.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss'))
    """

    def __init__(self, tau: float = 1., **kwargs):
        check_not_negative(tau=tau)
        super().__init__('log_prior', partial(log_prior, tau=tau), **kwargs)

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of z + tau log prior, (B,)."""
        logits = scores + self.constant(scores)
        return F.cross_entropy(logits, target, reduction='none')
