# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature Regularization (CR): the loss of the classes' curvatures.

Section 6.2 of Ma et al., *Predicting and Enhancing the Fairness of DNNs with
the Curvature of Perceptual Manifolds*: L_curv = sum_c -log(G_c^-1 / max_j
G_j^-1), added to any loss with the weight log_tau(epoch) /
stop_gradient(L_curv / L_orig). Beside it stands a variant that balances
log-curvature itself, which is not in the paper.
"""
import math

import torch
from torch import Tensor, nn

MAX_MODES = ('hard', 'logsumexp')


def log_schedule(epoch: int, tau: float) -> float:
    """log_tau(epoch), Section 6.2 of the paper.

    0 in the first epoch, 1 in epoch tau, slowly growing after it.

    Args:
        epoch (int): Epoch counted from 1.
        tau (float): Base of the logarithm, > 1. The paper takes 100 on
            CIFAR and 120 on ImageNet and iNaturalist, with 200 epochs.

    Returns:
        float: A number >= 0.

    Raises:
        ValueError: If epoch < 1, or tau <= 1, or one is not finite.

    Example:
        >>> round(log_schedule(10, tau=100), 4)
        0.5
    """
    if not 1 <= epoch < math.inf:
        raise ValueError(f'epoch is counted from 1, got {epoch}.')
    if not 1 < tau < math.inf:
        raise ValueError(f'tau must be finite and greater than 1, got {tau}.')
    return math.log(epoch) / math.log(tau)


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
    _check_max_mode(max_mode)
    if not len(log_curvature):
        return log_curvature.sum()
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


def _check_max_mode(max_mode: str) -> None:
    if max_mode not in MAX_MODES:
        raise ValueError(f'max_mode must be one of {MAX_MODES}, '
                         f'got {max_mode!r}.')


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


def balancing_loss(log_curvature: Tensor) -> Tensor:
    """L = 1/2 sum_c (log G_c - min_j log G_j)^2 with a constant minimum.

    Not in the paper. The gradient of its L_curv in log G_c is 1 for every
    class but the flattest, however far the class is from it; here it is the
    class's excess over the flattest class. The three principles of Section
    6.1 hold: a more curved class has more penalty (and is pushed more),
    balanced classes have neither penalty nor gradient, and no class is ever
    pushed to more curvature.

    Args:
        log_curvature (Tensor): log G, shape (C,). Entries that are not
            finite are left out.

    Returns:
        Tensor: A scalar >= 0, independent of the unit of the features; 0
        when no class is left.
    """
    if not len(log_curvature):
        return log_curvature.sum()
    finite = torch.isfinite(log_curvature)
    log_g = torch.where(finite, log_curvature, 0)
    # inf where no class is left, and the sum below is then over nothing.
    flattest = torch.where(finite, log_g.detach(), math.inf).amin()
    return torch.where(finite, log_g - flattest, 0).square().sum() / 2


class WeightedTerm(nn.Module):
    """Base of the terms that are added to a loss; subclasses give ``penalty``.

    The value is log_tau(epoch) * abs(L_orig) wherever no guard acts, so only
    the gradient carries information. Departures from the paper, all guards:
    abs(L_orig), because some losses are negative; ``eps`` in the
    denominator, because L is 0 once the classes are balanced; a bound
    on the weight; where the loss or the term is not finite or no class is
    left the term is 0, and the buffer ``num_skipped`` counts it; where the
    gradient of L overflows it is 0.

    Args:
        tau (float): Base of the schedule, > 1. The paper has 100 or 120 with
            200 epochs, where the term grows to more than the loss itself.
            With the default it is a fifth of it at most in any usual
            training: docs/cr_options.md shows that stronger terms cost
            accuracy and fairness. Defaults to 1e12.
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
            Tensor: A finite scalar, whose gradient in log G is finite, too;
            of at least float32.
        """
        wide = torch.promote_types(log_curvature.dtype, torch.float32)
        log_curvature = _with_finite_gradient(log_curvature).to(wide)
        term = self.penalty(log_curvature)
        value, original = term.detach(), loss.detach().abs().to(term)
        weight = log_schedule(epoch, self.tau) * original
        weight = weight / value.clamp_min(self.eps)
        weight = weight.clamp_max(self.max_weight)
        sound = torch.isfinite(original) & torch.isfinite(weight * value)
        sound &= torch.isfinite(log_curvature.detach()).any()
        self.num_skipped += (~sound).to(self.num_skipped.device)
        # Zero both factors: 0 * inf in the backward pass would be NaN.
        return torch.where(sound, weight, 0) * torch.where(sound, term, 0)


def _with_finite_gradient(values: Tensor) -> Tensor:
    """The same values; a gradient that is not finite becomes 0 behind them.

    Numbers near the ends of their type overflow in the backward pass alone.
    """
    if values.requires_grad:
        values = values.view_as(values)
        values.register_hook(lambda gradient: torch.where(
            torch.isfinite(gradient), gradient, 0))
    return values


class CurvatureRegularization(WeightedTerm):
    """The CR term of the paper, :func:`curvature_loss` with its weight.

    Its value is log_tau(epoch) * abs(L_orig) wherever no guard of
    :class:`WeightedTerm` acts.

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
        _check_max_mode(max_mode)
        if detach_max not in (False, True):
            raise ValueError('detach_max must be True or False, got '
                             f'{detach_max!r}.')
        self.max_mode = max_mode
        self.detach_max = detach_max

    def penalty(self, log_curvature: Tensor) -> Tensor:
        """L_curv of log G, shape (C,), see :func:`curvature_loss`."""
        return curvature_loss(log_curvature, self.max_mode, self.detach_max)


class CurvatureBalancing(WeightedTerm):
    """The variant :func:`balancing_loss` with the weight of the CR term.

    As the value is log_tau(epoch) * abs(L_orig), only the direction of the
    gradient carries information, that is its relative size over the classes:
    the derivative of the term in log G_c is weight * excess_c, with the
    excess over the flattest class.

    Args:
        tau (float): Base of the schedule, > 1, see :class:`WeightedTerm`.
            Defaults to 1e12.
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

    def penalty(self, log_curvature: Tensor) -> Tensor:
        """L of log G, shape (C,), see :func:`balancing_loss`."""
        return balancing_loss(log_curvature)
