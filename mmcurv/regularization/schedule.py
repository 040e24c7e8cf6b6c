# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Strength of Curvature Regularization over the epochs."""
import math


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
        ValueError: If epoch < 1, or tau <= 1 or not finite.

    Example:
        >>> round(log_schedule(10, tau=100), 4)
        0.5
    """
    if epoch < 1:
        raise ValueError(f'epoch is counted from 1, got {epoch}.')
    if not 1 < tau < math.inf:
        raise ValueError(f'tau must be finite and greater than 1, got {tau}.')
    return math.log(epoch) / math.log(tau)
