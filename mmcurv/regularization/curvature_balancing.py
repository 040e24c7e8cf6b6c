# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A variant of Curvature Regularization that balances log-curvature itself.

Not in the paper. The gradient of its L_curv in log G_c is 1 for every class
but the flattest, however far the class is from it. Here it is the class's
excess over the flattest class: L = 1/2 sum_c (log G_c - min_j log G_j)^2
with a constant minimum. The three principles of Section 6.1 hold: a more
curved class has more penalty (and is pushed more), balanced classes have
neither penalty nor gradient, and no class is ever pushed to more curvature.
"""
import math

import torch
from torch import Tensor

from .weighted_term import WeightedTerm


def balancing_loss(log_curvature: Tensor, quantile: float = 0.) -> Tensor:
    """1/2 sum_c (log G_c - reference)^2 over the classes above the reference.

    The reference is a quantile of log G without gradient. The gradient in
    log G_c is max(log G_c - reference, 0).

    Args:
        log_curvature (Tensor): log G, shape (C,). Entries that are not
            finite (absent, too small or perfectly flat classes) are left
            out.
        quantile (float): Which quantile of the finite log G is the
            reference, in [0, 1), interpolated linearly between classes; 0 is
            the flattest class, more than 0 lets outliers be: classes below
            the reference have neither penalty nor gradient. Defaults to 0.0.

    Returns:
        Tensor: A scalar >= 0, independent of the unit of the features; 0
        when no class is left.
    """
    finite = torch.isfinite(log_curvature)
    log_g = torch.where(finite, log_curvature, 0)
    known = torch.where(finite, log_g.detach(), math.nan)
    # nan where no class is left, and the sum below is then over nothing.
    reference = torch.nanquantile(known, quantile)
    excess = torch.where(finite, log_g - reference, 0).clamp_min(0)
    return excess.square().sum() / 2


class CurvatureBalancing(WeightedTerm):
    """The weighted :func:`balancing_loss` that is added to a loss.

    Its value is log_tau(epoch) * abs(L_orig) wherever no guard acts, as that
    of :class:`~mmcurv.regularization.CurvatureRegularization`, with the
    guards of that class. So only the direction of the gradient carries
    information, that is its relative size over the classes: the derivative
    of the term in log G_c is weight * excess_c, with the excess over the
    flattest class.

    Args:
        tau (float): Base of the schedule, > 1, see :class:`WeightedTerm`.
            Defaults to 1e12.
        quantile (float): Reference class, in [0, 1), see
            :func:`balancing_loss`. Defaults to 0.0.
        eps (float): Smallest L in the denominator, > 0. Defaults to 1e-08.
        max_weight (float): Largest weight of L, the schedule included.
            Defaults to 10.0.

    Example:
        >>> import torch
        >>> cr = CurvatureBalancing(tau=100)
        >>> log_g = torch.tensor([0., 1., 2.], requires_grad=True)
        >>> term = cr(log_g, torch.tensor(1.5), epoch=10)
        >>> term
        tensor(0.7500, grad_fn=<MulBackward0>)
        >>> term.backward()
        >>> log_g.grad
        tensor([0.0000, 0.3000, 0.6000])
    """

    def __init__(self,
                 tau: float = 1e12,
                 quantile: float = 0.,
                 eps: float = 1e-8,
                 max_weight: float = 10.):
        super().__init__(tau, eps, max_weight)
        if not 0 <= quantile < 1:
            raise ValueError(f'quantile must lie in [0, 1), got {quantile}: 0 '
                             'is the flattest class, and above the most '
                             'curved one there is nothing to lower.')
        self.quantile = quantile

    def penalty(self, log_curvature: Tensor) -> Tensor:
        """L of log G, shape (C,), see :func:`balancing_loss`."""
        return balancing_loss(log_curvature, self.quantile)
