# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Weights of classes that can be set and taken away while a model trains."""
from typing import Any, Optional

import torch
from torch import Tensor

from .checks import check_columns


class ClassWeights:
    """Gives a loss ``set_weights``; stands before the loss it is added to.

    A weighted mean is divided by the sum of the samples' class weights, as
    PyTorch's cross-entropy does, and as LDAM, RIDE and deferred re-weighting
    rely on, unless ``over_weights`` is False: then by the batch size. With
    ``avg_factor``, which heads of mmpretrain set to the batch size, weights
    are scaled to mean 1 in the batch, so that it is the same mean. The sum,
    and losses that are not reduced, have the weights as they are.

    The weights are a buffer that is not saved: whoever sets them by the epoch
    sets them again on resume, and they do not slip into another run that only
    starts from the same checkpoint.
    """
    over_weights = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer('class_weights', None, persistent=False)

    def set_weights(self, weights: Optional[Any]) -> None:
        """Weigh classes from now on, or, with None, no longer.

        Args:
            weights (Tensor | Sequence[float], optional): (C,), positive.

        Raises:
            ValueError: If they are not a vector of positive numbers.
        """
        if weights is not None:
            weights = torch.as_tensor(weights)
            sound = torch.isfinite(weights) & (weights > 0)
            if weights.dim() != 1 or not sound.all():
                raise ValueError(
                    'expected one positive weight per class, or None for no '
                    f'weights, got {weights.tolist()}.')
        self.class_weights = weights

    def weigh(self, losses: Tensor, scores: Tensor, target: Tensor,
              reduction: str) -> Tensor:
        """(B,) losses, each times the weight of its class."""
        if self.class_weights is None:
            return losses
        check_columns(scores, self.class_weights, 'class weights')
        weights = self.class_weights.to(losses)[target]  # (B,)
        if reduction == 'mean' and self.over_weights:
            weights = weights / weights.mean()
        return weights * losses
