# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature Regularization as printed (Ma et al., Section 6.2), one class at
a time, with 80 decimal digits and without logarithms of curvature inside; and
the variant that balances log-curvature, which is not printed anywhere."""
import math
from decimal import Decimal, localcontext

DIGITS = 80


def penalties_loop(log_curvature, max_mode='hard'):
    """-log(G_c^-1 / max_j G_j^-1) of every class.

    Args:
        log_curvature (Sequence): log G of each class, floats or Decimals;
            classes without a finite one are left out.
        max_mode (str): 'hard' or 'logsumexp'.

    Returns:
        dict[int, Decimal]: Penalty of each class that is not left out.
    """
    with localcontext() as context:
        context.prec = DIGITS
        inverse = {
            c: 1 / Decimal(log_g).exp()
            for c, log_g in enumerate(log_curvature) if math.isfinite(log_g)
        }
        if not inverse:
            return {}
        largest = max(inverse.values())
        if max_mode == 'logsumexp':
            # exp(1e30) is beyond even a Decimal, hence its factor in front.
            total = sum((x - largest).exp() for x in inverse.values())
            largest = largest + total.ln()
        return {c: -(x / largest).ln() for c, x in inverse.items()}


def curvature_loss_loop(log_curvature, max_mode='hard'):
    """L_curv, a Decimal."""
    penalties = penalties_loop(log_curvature, max_mode).values()
    with localcontext() as context:
        context.prec = DIGITS
        return sum(penalties, Decimal(0))


def slope_loop(log_curvature, c, max_mode='hard', step=Decimal('1e-25')):
    """Derivative of L_curv by log G_c, max included, by a difference."""
    ends = []
    for sign in (1, -1):
        moved = [Decimal(log_g) for log_g in log_curvature]
        with localcontext() as context:
            context.prec = DIGITS
            moved[c] += sign * step
        ends.append(curvature_loss_loop(moved, max_mode))
    with localcontext() as context:
        context.prec = DIGITS
        return float((ends[0] - ends[1]) / (2 * step))


def term_loop(log_curvature,
              loss,
              epoch,
              tau=100,
              max_mode='hard',
              eps=1e-8,
              max_weight=10.):
    """Value of the term that is added to a loss, with its guards."""
    if not any(map(math.isfinite, log_curvature)) or not math.isfinite(loss):
        return 0.
    total = float(curvature_loss_loop(log_curvature, max_mode))
    return weight_loop(total, loss, epoch, tau, eps, max_weight) * total


def weight_loop(total, loss, epoch, tau=100, eps=1e-8, max_weight=10.):
    """Weight of a penalty of the given value beside a loss."""
    weight = math.log(epoch) / math.log(tau) * abs(loss) / max(total, eps)
    return min(weight, max_weight)


def excesses_loop(log_curvature):
    """What each class has above the flattest.

    Returns:
        dict[int, float]: Excess of each class that is not left out.
    """
    finite = {c: x for c, x in enumerate(log_curvature) if math.isfinite(x)}
    return {c: x - min(finite.values()) for c, x in finite.items()}


def balancing_loss_loop(log_curvature):
    """Half the sum of squared excesses."""
    excesses = excesses_loop(log_curvature).values()
    return sum(excess * excess for excess in excesses) / 2
