# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A linear classifier whose weight vectors are divided by a power of their
length.

Kang et al., *Decoupling Representation and Classifier for Long-Tailed
Recognition*, 2020, equation 4.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.models.full_precision import at_least_float32, without_autocast


def tau_scores(features: Tensor, weight: Tensor, tau: float) -> Tensor:
    """w_c . f / ||w_c||^tau of every class, without bias.

    Args:
        features (Tensor): (B, p).
        weight (Tensor): (C, p); the score of a weight vector 0 is 0.
        tau (float): 0 leaves the lengths as they are, 1 makes them equal.

    Returns:
        Tensor: (B, C).
    """
    lengths = weight.norm(dim=1, keepdim=True)  # (C, 1)
    lengths = torch.where(lengths > 0, lengths, 1.)
    return F.linear(features, weight / lengths**tau)


class TauNormLinear(nn.Linear):
    """``nn.Linear`` with the scores of :func:`tau_scores`.

    It takes the weights of an ``nn.Linear``; the bias is kept, so that these
    load, and not used. ``tau`` is a buffer, 0 at first, which a checkpoint
    holds.

    Args:
        in_features (int): p.
        out_features (int): C.
    """

    def __init__(self, in_features: int, out_features: int):
        super().__init__(in_features, out_features)
        self.register_buffer('tau', torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """(B, p) to (B, C)."""
        with without_autocast(features):
            return tau_scores(
                at_least_float32(features), at_least_float32(self.weight),
                self.tau)
