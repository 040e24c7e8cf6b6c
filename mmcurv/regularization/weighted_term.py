# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The weight of a loss of the classes' curvatures beside the original loss.

Section 6.2 of the paper: log_tau(epoch) / stop_gradient(L / L_orig).
"""
import math

import torch
from torch import Tensor, nn

from .schedule import log_schedule


class WeightedTerm(nn.Module):
    """Base of the terms that are added to a loss; subclasses give ``penalty``.

    The value is log_tau(epoch) * abs(L_orig) wherever no guard acts, so only
    the gradient carries information. Departures from the paper, all guards:
    abs(L_orig), because some losses are negative; ``eps`` in the
    denominator, because L is 0 once the classes are balanced; a bound
    on the weight; where the loss is not finite or no class is left the term
    is 0, and the buffer ``num_skipped`` counts it.

    Args:
        tau (float): Base of the schedule, > 1. The paper has 100 or 120 with
            200 epochs, where the term grows to more than the loss itself.
            With the default it is a fifth of it at most in any usual
            training: docs/cr_study.md found that stronger terms cost accuracy
            and fairness. Defaults to 1e12.
        eps (float): Smallest L in the denominator, > 0. Defaults to 1e-08.
        max_weight (float): Largest weight of L, the schedule included.
            Defaults to 10.0.
    """

    def __init__(self,
                 tau: float = 1e12,
                 eps: float = 1e-8,
                 max_weight: float = 10.):
        super().__init__()
        log_schedule(1, tau)  # a wrong tau should fail here, not in epoch 6
        if not (0 < eps < math.inf and 0 < max_weight < math.inf):
            raise ValueError('eps and max_weight must be positive and finite, '
                             f'got eps={eps}, max_weight={max_weight}.')
        self.tau = tau
        self.eps = eps
        self.max_weight = max_weight
        self.register_buffer('num_skipped', torch.zeros((), dtype=torch.long))

    def penalty(self, log_curvature: Tensor) -> Tensor:
        """L, a scalar >= 0, of log G, shape (C,)."""
        raise NotImplementedError

    def forward(self, log_curvature: Tensor, loss: Tensor,
                epoch: int) -> Tensor:
        """The term to add to the loss.

        Args:
            log_curvature (Tensor): log G, shape (C,); entries that are not
                finite are left out.
            loss (Tensor): The original loss, a scalar of any sign. No
                gradient flows into it from here.
            epoch (int): Counted from 1.

        Returns:
            Tensor: A finite scalar.
        """
        term = self.penalty(log_curvature)
        value, original = term.detach(), loss.detach().abs().to(term)
        weight = log_schedule(epoch, self.tau) * original
        weight = weight / value.clamp_min(self.eps)
        weight = weight.clamp_max(self.max_weight)
        sound = torch.isfinite(original) & torch.isfinite(value)
        sound &= torch.isfinite(log_curvature.detach()).any()
        self.num_skipped += (~sound).to(self.num_skipped.device)
        # Zero both factors: 0 * inf in the backward pass would be NaN.
        return torch.where(sound, weight, 0) * torch.where(sound, term, 0)
