# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Label smoothing that is stronger for larger classes.

Zhong et al., *Improving Calibration for Long-Tailed Recognition* (MiSLAS),
2021, with the concave form of its code.
"""
import math
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import CountedLoss, usable_counts


def label_smoothing(counts: Any,
                    head: float = 0.3,
                    tail: float = 0.) -> Tensor:
    """Share of the label that is spread over all classes, of every class.

    tail + (head - tail) sin(pi (n - n_min) / (2 (n_max - n_min))).

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        head (float): Share of the largest class, in [0, 1). Defaults to 0.3.
        tail (float): Share of the smallest class, in [0, 1). Defaults to 0.0.

    Returns:
        Tensor: (C,) float64.

    Raises:
        ValueError: If all classes are of one size.
    """
    counts = usable_counts(counts)
    low, high = counts.min(), counts.max()
    if low == high:
        raise ValueError(
            f'expected classes of different sizes, got {low:.0f} training '
            'images of every class: the smoothing follows their sizes. Use '
            'LabelSmoothLoss on balanced data.')
    part = (counts - low) / (high - low)
    return tail + (head - tail) * (math.pi / 2 * part).sin()


@MODELS.register_module()
class LabelAwareSmoothingLoss(CountedLoss):
    """Cross-entropy with the smoothing of :func:`label_smoothing`.

    (1 - e_y) (-log p_y) + e_y (mean over classes of -log p_c); the mean has
    the label in it.

    Args:
        head (float): Share of the largest class, in [0, 1). Defaults to 0.3.
        tail (float): Share of the smallest class, in [0, 1). Defaults to 0.0.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Raises:
        ValueError: If a share is out of range, or all classes are of one
            size.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.ScaledLinearHead',
        ...     loss=dict(type='mmcurv.LabelAwareSmoothingLoss', head=0.4))
    """
    soft_refusal = ('The smoothing depends on the one label, so it is not '
                    'linear in labels.')

    def __init__(self, head: float = 0.3, tail: float = 0., **kwargs):
        for name, share in (('head', head), ('tail', tail)):
            if not 0 <= share < 1:
                raise ValueError(f'expected {name} of at least 0 and below 1, '
                                 f'got {share}.')
        super().__init__('smoothing',
                         partial(label_smoothing, head=head, tail=tail),
                         **kwargs)

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Smoothed cross-entropy, (B,)."""
        share = self.constant(scores)[target]  # (B,)
        of_label = F.cross_entropy(scores, target, reduction='none')
        of_all = -scores.log_softmax(1).mean(1)  # (B,)
        return (1 - share) * of_label + share * of_all
