# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A linear layer on the unit sphere."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.models.full_precision import at_least_float32, without_autocast


class NormedLinear(nn.Module):
    """Cosines of the input and of one weight vector per output.

    The classifier of the LDAM code: no bias, no scale. Weights start uniform
    on [-1, 1], scaled to unit length. It is no ``nn.Linear``, so initializers
    of linear layers leave it as it is.

    Cosines are computed in at least float32, with autocast off: multiplied by
    30, those of bfloat16 would be off by a tenth.

    Args:
        in_features (int): p.
        out_features (int): C.
    """

    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        self.weight.uniform_(-1, 1)
        self.weight.copy_(F.normalize(self.weight))

    def forward(self, features: Tensor) -> Tensor:
        """(B, p) to (B, C), from -1 to 1; 0 where a feature is 0."""
        with without_autocast(features):
            features = F.normalize(at_least_float32(features))
            weight = F.normalize(at_least_float32(self.weight))
            return F.linear(features, weight)

    def extra_repr(self) -> str:
        """Sizes, as ``nn.Linear`` prints them."""
        return (f'in_features={self.in_features}, '
                f'out_features={self.out_features}')
