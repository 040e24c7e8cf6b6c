# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature Regularization (CR), Section 6.2 of the paper.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*: L_curv = sum_c -log(G_c^-1 / max_j G_j^-1), added to
any loss with the weight log_tau(epoch) / stop_gradient(L_curv / L_orig).
"""
import math

import torch
from torch import Tensor

from .weighted_term import WeightedTerm

MAX_MODES = ('hard', 'logsumexp')


def curvature_loss(log_curvature: Tensor,
                   max_mode: str = 'hard',
                   detach_max: bool = True) -> Tensor:
    """L_curv of the classes' log-curvatures; >= 0, never overflows.

    In logarithms, L_curv = sum_c (log G_c + log max_j G_j^-1). Departure:
    the max carries no gradient by default. With its gradient the loss does
    not change when all G scale together, and descent raises the curvature
    of the flattest class with weight C - 1, against the paper's third
    principle.

    Args:
        log_curvature (Tensor): log G, shape (C,). Entries that are not
            finite (absent, too small or perfectly flat classes) are left
            out.
        max_mode (str): 'hard' for the max of the text, which makes the loss
            independent of the unit of the features; 'logsumexp' for the
            printed smooth form log sum_j exp(G_j^-1), which is not.
            Defaults to 'hard'.
        detach_max (bool): No gradient through the max. Defaults to True.

    Returns:
        Tensor: A scalar; 0 when no class is left.
    """
    if max_mode not in MAX_MODES:
        raise ValueError(f'max_mode must be one of {MAX_MODES}, '
                         f'got {max_mode!r}.')
    finite = torch.isfinite(log_curvature)
    log_g = torch.where(finite, log_curvature, 0)
    source = log_g.detach() if detach_max else log_g
    log_inverse = torch.where(finite, -source, -math.inf)  # log G_j^-1
    log_max = log_inverse.amax()
    if max_mode == 'logsumexp':
        log_max = _log_of_log_sum_exp(log_inverse, log_max)
    # Without any class log_max is -inf and the sum below is over nothing.
    log_max = torch.where(finite.any(), log_max, 0)
    return torch.where(finite, log_g + log_max, 0).sum()


def _log_of_log_sum_exp(log_x: Tensor, log_top: Tensor) -> Tensor:
    """log(log sum_j exp(x_j)) from log x_j, with x_top = exp(log_top).

    log sum exp(x) = x_top (1 + log sum exp(x - x_top) / x_top), where
    x - x_top is taken as x_top (x / x_top - 1); in float64, where exp
    reaches 1e308.
    """
    dtype = log_x.dtype
    log_x, log_top = log_x.double(), log_top.double()
    top = log_top.clamp(-700., 700.).exp()
    below = top * torch.expm1(log_x - log_top)  # <= 0
    # A class that is left out must not add its exp(0) = 1 to the sum.
    below = torch.where(torch.isfinite(log_x), below, -math.inf)
    return (log_top + torch.log1p(torch.logsumexp(below, 0) / top)).to(dtype)


class CurvatureRegularization(WeightedTerm):
    """The weighted CR term that is added to a loss.

    Its value is log_tau(epoch) * abs(L_orig) wherever no guard acts, so only
    its gradient carries information. Departures from the paper, all guards:
    abs(L_orig), because some losses are negative; ``eps`` in the
    denominator, because L_curv is 0 once the classes are balanced; a bound
    on the weight; where the loss is not finite or no class is left the term
    is 0, and the buffer ``num_skipped`` counts it.

    Args:
        tau (float): Base of the schedule, > 1, see :class:`WeightedTerm`.
            Defaults to 1e12.
        max_mode (str): 'hard' or 'logsumexp', see :func:`curvature_loss`.
            Defaults to 'hard'.
        detach_max (bool): No gradient through the max. Defaults to True.
        eps (float): Smallest L_curv in the denominator, > 0.
            Defaults to 1e-08.
        max_weight (float): Largest weight of L_curv, the schedule included.
            Defaults to 10.0.

    Example:
        >>> import torch
        >>> cr = CurvatureRegularization(tau=100)
        >>> log_g = torch.tensor([0., 1., 2.], requires_grad=True)
        >>> cr(log_g, torch.tensor(1.5), epoch=10)
        tensor(0.7500, grad_fn=<MulBackward0>)
    """

    def __init__(self,
                 tau: float = 1e12,
                 max_mode: str = 'hard',
                 detach_max: bool = True,
                 eps: float = 1e-8,
                 max_weight: float = 10.):
        super().__init__(tau, eps, max_weight)
        if max_mode not in MAX_MODES:
            raise ValueError(f'max_mode must be one of {MAX_MODES}, '
                             f'got {max_mode!r}.')
        self.max_mode = max_mode
        self.detach_max = detach_max

    def penalty(self, log_curvature: Tensor) -> Tensor:
        """L_curv of log G, shape (C,), see :func:`curvature_loss`."""
        return curvature_loss(log_curvature, self.max_mode, self.detach_max)
