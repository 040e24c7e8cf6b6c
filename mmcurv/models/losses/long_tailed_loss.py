# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the losses of long-tailed methods have in common."""
from typing import Optional

from mmpretrain.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from mmcurv.models.full_precision import at_least_float32
from .check_batch import checked_target
from .checks import check_choice

REDUCTIONS = ('none', 'mean', 'sum')


class LongTailedLoss(nn.Module):
    """Base of the losses: checks a batch, and reduces one loss per sample.

    Subclasses give ``sample_losses``, and ``soft_refusal``, the reason for
    which they refuse soft labels, or None.

    Half precision is computed in float32.

    Args:
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.
    """
    soft_refusal: Optional[str] = None

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.):
        super().__init__()
        check_choice('reduction', reduction, REDUCTIONS)
        self.reduction = reduction
        self.loss_weight = loss_weight

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """(B,) losses of (B, C) scores and a target that was checked."""
        raise NotImplementedError

    def weigh(self, losses: Tensor, scores: Tensor, target: Tensor,
              reduction: str) -> Tensor:
        """(B,) losses, each times the weight of its class; here 1."""
        return losses

    def forward(self,
                cls_score: Tensor,
                target: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[float] = None,
                reduction_override: Optional[str] = None) -> Tensor:
        """Compute the loss, with the arguments of mmpretrain's losses.

        Args:
            cls_score (Tensor): (B, C).
            target (Tensor): (B,) labels; some losses take (B, C) soft ones.
            weight (Tensor, optional): (B,) weights of the samples. Defaults
                to None.
            avg_factor (float, optional): By what the sum is divided in a
                mean, instead of by B. Defaults to None.
            reduction_override (str, optional): Instead of ``reduction``.
                Defaults to None.

        Returns:
            Tensor: A scalar, or (B,) without reduction.

        Raises:
            ValueError: If the batch is unfit, see
                :func:`~mmcurv.models.losses.check_batch.checked_target`.
        """
        reduction = reduction_override or self.reduction
        check_choice('reduction_override', reduction, REDUCTIONS)
        target = checked_target(cls_score, target, self.soft_refusal)
        if weight is not None and weight.shape != cls_score.shape[:1]:
            raise ValueError(
                f'expected weight of shape ({len(cls_score)},), one per '
                f'sample, got {tuple(weight.shape)}.')
        scores = at_least_float32(cls_score)
        losses = self.sample_losses(scores, target)
        losses = self.weigh(losses, scores, target, reduction)
        return self.loss_weight * weight_reduce_loss(losses, weight, reduction,
                                                     avg_factor)
