# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Label-distribution-aware margins.

Cao et al., *Learning Imbalanced Datasets with Label-Distribution-Aware Margin
Loss*, 2019, equations 12 and 13, on cosines as in its code.
"""
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import ClassWeights, CosineLoss, check_not_negative, usable_counts


def ldam_margins(counts: Any, max_margin: float = 0.5) -> Tensor:
    """max_margin * (n_min / n)^(1/4) of every class.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        max_margin (float): That of the smallest class, at least 0. Defaults
            to 0.5.

    Returns:
        Tensor: (C,) float64.

    Example:
        >>> ldam_margins([16, 1])
        tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    counts = usable_counts(counts)
    return max_margin * (counts.min() / counts)**0.25


def minus_margin(scores: Tensor, labels: Tensor, margins: Tensor) -> Tensor:
    """Scores, the one of the label lowered by the margin of its class.

    Args:
        scores (Tensor): (B, C).
        labels (Tensor): (B,) int64.
        margins (Tensor): (C,).

    Returns:
        Tensor: (B, C).
    """
    return scores - margins * F.one_hot(labels, scores.shape[1])


@MODELS.register_module()
class LDAMLoss(ClassWeights, CosineLoss):
    """Cross-entropy on scaled cosines, with a larger margin for fewer images.

    Weighted by class after ``set_weights``, as LDAM-DRW is. At test time
    there is no margin.

    Args:
        max_margin (float): Margin of the smallest class, at least 0. Defaults
            to 0.5.
        scale (float): Factor of the cosines, s. Defaults to 30.0.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Raises:
        ValueError: In a step whose scores are no cosines.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.NormedLinearHead',
        ...     loss=dict(type='mmcurv.LDAMLoss'))
        >>> custom_hooks = [dict(type='mmcurv.DeferredReweightingHook')]
    """
    soft_refusal = ('LDAM lowers the score of the one label by a margin, so '
                    'it is not linear in labels.')

    def __init__(self, max_margin: float = 0.5, scale: float = 30., **kwargs):
        check_not_negative(max_margin=max_margin)
        super().__init__(
            'margins',
            partial(ldam_margins, max_margin=max_margin),
            scale=scale,
            **kwargs)

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of s (cos - m_y), (B,)."""
        margins = self.constant(scores)
        self.check_cosines(scores)
        logits = self.scale * minus_margin(scores, target, margins)
        return F.cross_entropy(logits, target, reduction='none')
