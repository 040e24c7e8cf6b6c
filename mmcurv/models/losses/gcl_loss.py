# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gaussian clouded logits.

Li et al., *Long-Tailed Visual Recognition via Gaussian Clouded Logit
Adjustment*, 2022, as in its code: the cosine of every class is lowered at
random, that of rarer classes by more.
"""
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .base import CosineLoss, check_not_negative, check_positive, usable_counts
from .reweighting import softmax_focal

NOISE_STD = 1 / 3  # so that three standard deviations reach the clamp at 1


def gcl_spread(counts: Any) -> Tensor:
    """(log n_max - log n) / (log n_max - log n_min) of every class.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.

    Returns:
        Tensor: (C,) float64, 0 for the largest class, 1 for the smallest.

    Raises:
        ValueError: If all classes are of one size.
    """
    logs = usable_counts(counts).log()
    if logs.min() == logs.max():
        raise ValueError(
            'expected classes of different sizes, got '
            f'{logs.exp()[0]:.0f} training images of every class: the clouds '
            'of GCL are relative to the imbalance, and there is none. Use '
            'CrossEntropyLoss on balanced data.')
    return (logs.max() - logs) / (logs.max() - logs.min())


def gcl_logits(cosines: Tensor, noise: Tensor, spread: Tensor, kappa: float,
               scale: float) -> Tensor:
    """s (cos - kappa |noise| g).

    Args:
        cosines (Tensor): (B, C).
        noise (Tensor): (B, C).
        spread (Tensor): (C,) g.
        kappa (float): Size of the clouds.
        scale (float): s.

    Returns:
        Tensor: (B, C).
    """
    return scale * (cosines - kappa * noise.abs() * spread)


@MODELS.register_module()
class GCLLoss(CosineLoss):
    """Cross-entropy on scaled cosines under one-sided noise.

    The noise of every sample and class is drawn at each call, normal with
    standard deviation 1/3. At test time there is none.

    The defaults are those of the first stage. The second has margin 0.1,
    scale 20 and gamma 1, on a frozen body and a balanced sampler.

    Soft labels are accepted where margin and gamma are 0, since the loss then
    is linear in the label.

    Args:
        kappa (float): Size of the clouds, at least 0. Defaults to 0.5.
        margin (float): By what the label's cosine is lowered besides, at
            least 0. Defaults to 0.0.
        scale (float): Factor of the cosines, s. Defaults to 30.0.
        noise_clamp (float): Largest size of the noise. Defaults to 1.0.
        gamma (float): Exponent of (1 - p), a constant in the gradient, at
            least 0. Defaults to 0.0.
        **kwargs: ``class_counts``, ``reduction`` and ``loss_weight`` of
            :class:`~mmcurv.models.losses.CountedLoss`.

    Raises:
        ValueError: If all classes are of one size, and in a step whose scores
            are no cosines.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.NormedLinearHead',
        ...     loss=dict(type='mmcurv.GCLLoss'))
    """

    def __init__(self,
                 kappa: float = 0.5,
                 margin: float = 0.,
                 scale: float = 30.,
                 noise_clamp: float = 1.,
                 gamma: float = 0.,
                 **kwargs):
        check_not_negative(kappa=kappa, margin=margin, gamma=gamma)
        check_positive(noise_clamp=noise_clamp)
        super().__init__('spread', gcl_spread, scale=scale, **kwargs)
        self.kappa = kappa
        self.margin = margin
        self.noise_clamp = noise_clamp
        self.gamma = gamma
        if margin > 0 or gamma > 0:
            self.soft_refusal = (
                'GCL with a margin or gamma depends on the one label, so it '
                'is not linear in labels.')

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of the clouded logits, (B,)."""
        spread = self.constant(scores)
        self.check_cosines(scores)
        noise = NOISE_STD * torch.randn_like(scores)
        noise = noise.clamp(-self.noise_clamp, self.noise_clamp)
        logits = gcl_logits(scores, noise, spread, self.kappa, self.scale)
        if target.is_floating_point():
            return F.cross_entropy(logits, target, reduction='none')
        is_label = F.one_hot(target, scores.shape[1])
        logits = logits - self.scale * self.margin * is_label
        return softmax_focal(logits, target, self.gamma, detach_pt=True)
