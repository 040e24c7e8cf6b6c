# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Weights of classes by their effective number of samples.

Cui et al., *Class-Balanced Loss Based on Effective Number of Samples*, 2019,
in the scale of the authors' code: the weights of C classes add up to C.
"""
from typing import Any

import torch
from torch import Tensor

from .usable_counts import usable_counts


def effective_number_weights(counts: Any, beta: float = 0.9999) -> Tensor:
    """(1 - beta) / (1 - beta^n) of every class, scaled to mean 1.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        beta (float): In [0, 1). 0 weighs all classes alike; towards 1 the
            weights approach those by inverse counts. Defaults to 0.9999.

    Returns:
        Tensor: (C,) float64, positive.

    Raises:
        ValueError: If beta is out of range, or a class has no image.

    Example:
        >>> effective_number_weights([1, 3], beta=0.5)
        tensor([1.2727, 0.7273], dtype=torch.float64)
    """
    check_beta(beta)
    counts = usable_counts(counts)
    log_beta = torch.tensor(beta, dtype=counts.dtype).log()  # -inf at 0
    weights = 1 / -torch.expm1(counts * log_beta)  # (C,)
    return weights / weights.mean()


def check_beta(beta: float) -> None:
    """Raise ValueError unless beta is in [0, 1)."""
    if not 0 <= beta < 1:
        raise ValueError(
            f'expected beta of at least 0 and below 1, got {beta}. For '
            'weights by inverse counts take a value close to 1, such as '
            '0.999999.')
