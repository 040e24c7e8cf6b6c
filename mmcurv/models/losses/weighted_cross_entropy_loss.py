# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Cross-entropy whose class weights can change while a model trains.

mmpretrain's ``CrossEntropyLoss`` has ``class_weight``, a list in the config
for the whole run, and divides by the batch size. Deferred re-weighting sets
weights in the middle of a run, from counts that no config holds, and its
published form divides by the sum of the samples' weights, as PyTorch does.
"""
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .class_weights import ClassWeights
from .long_tailed_loss import LongTailedLoss


@MODELS.register_module()
class WeightedCrossEntropyLoss(ClassWeights, LongTailedLoss):
    """Cross-entropy, weighted by class after ``set_weights(weights)``.

    Args:
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.WeightedCrossEntropyLoss'))
        >>> custom_hooks = [dict(type='mmcurv.DeferredReweightingHook')]
    """
    soft_refusal = ('A weighted mean is divided by the weights of the labels, '
                    'so it is not linear in them.')

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.):
        super().__init__(reduction=reduction, loss_weight=loss_weight)

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy, (B,)."""
        return F.cross_entropy(scores, target, reduction='none')
