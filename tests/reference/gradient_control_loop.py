# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The pull of a regularizer on features, row by row, and its guard."""
import math
import statistics


def pull_loop(loss_gradient, gradient, alpha, damping=1.):
    """Gradient in the features, a list of rows.

    Args:
        loss_gradient (list[list[float]]): (B, p).
        gradient (list[list[float]]): Of the regularizer, (B, p).
        alpha (float): Strength.
        damping (float): Its factor.
    """
    norms = [math.hypot(*row) for row in gradient]
    median = statistics.median_low([n for n in norms if n > 0])
    rows = [[x * min(1, 3 * median / n) if n else 0. for x in row]
            for row, n in zip(gradient, norms)]
    theirs = math.hypot(*(x for row in loss_gradient for x in row))
    ours = math.hypot(*(x for row in rows for x in row))
    factor = alpha * damping * theirs / ours
    return [[factor * x for x in row] for row in rows]


def damping_loop(losses, pulled):
    """Damping after each step.

    Args:
        losses (list[float]): Of the steps.
        pulled (list[bool]): Whether a step had the term.
    """
    damping, best, error, rising, out = 1., math.inf, 0., 0, []
    for number in range(1, len(losses) + 1):
        if number % 50 == 0:
            own = losses[number - 50:number]
            mean, variance = statistics.fmean(own), statistics.pvariance(own)
            room = max(0.05 * abs(best), 3 * math.sqrt(variance / 50 + error))
            if any(pulled[number - 50:number]) and mean > best + room:
                damping, rising = damping / 2, rising + 1
            else:
                damping = min(1., (2 if mean < best else 1.2) * damping)
                rising = 0
            if mean < best or rising == 10:
                best, error, rising = mean, variance / 50, 0
        out.append(damping)
    return out
