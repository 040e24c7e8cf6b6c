# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Focal loss on the softmax.

Lin et al., *Focal Loss for Dense Object Detection*, 2017, equation 4, with
the probability of the label under the softmax, as in the long-tailed
literature. The paper's own form, on one sigmoid per class, is mmpretrain's
``FocalLoss``; with ``alpha=0.5`` all classes count alike in it.

Departure from the LDAM code: class weights multiply the loss from outside.
There they also enter the probability, which then is none.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

from mmcurv.registry import MODELS
from .checks import check_not_negative
from .class_weights import ClassWeights
from .long_tailed_loss import LongTailedLoss


def softmax_focal(scores: Tensor,
                  labels: Tensor,
                  gamma: float,
                  detach_pt: bool = False) -> Tensor:
    """(1 - p)^gamma times cross-entropy, p being that of the label.

    1 - p is the sum of the other probabilities, taken in the log domain, so
    that value and gradient are right also where p is rounded to 1.

    Args:
        scores (Tensor): (B, C), C of at least 2.
        labels (Tensor): (B,) int64.
        gamma (float): At least 0; 0 is cross-entropy.
        detach_pt (bool): Whether (1 - p)^gamma is a constant in the gradient.
            Defaults to False.

    Returns:
        Tensor: (B,) losses.
    """
    losses = F.cross_entropy(scores, labels, reduction='none')
    if gamma == 0:
        return losses
    is_label = F.one_hot(labels, scores.shape[1]).bool()
    others = scores.masked_fill(is_label, -torch.inf)
    log_rest = others.logsumexp(1) - scores.logsumexp(1)  # log(1 - p), (B,)
    factor = torch.exp(gamma * log_rest)
    return (factor.detach() if detach_pt else factor) * losses


@MODELS.register_module()
class SoftmaxFocalLoss(ClassWeights, LongTailedLoss):
    """Focal loss on the softmax, weighted by class after ``set_weights``.

    A weighted mean is divided by the batch size, as in the LDAM code.

    Args:
        gamma (float): Exponent, at least 0. The LDAM code has 1. Defaults to
            1.0.
        detach_pt (bool): Whether (1 - p)^gamma is a constant in the gradient;
            the LDAM code differentiates it, those of TDE and GCL do not.
            Defaults to False.
        reduction (str): 'none', 'mean' or 'sum'. Defaults to 'mean'.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Examples:
        >>> head = dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=1.))
        >>> sigmoid = dict(type='FocalLoss', gamma=2., alpha=0.5)
    """
    soft_refusal = ('Focal loss depends on the probability of the one label, '
                    'so it is not linear in labels.')
    over_weights = False

    def __init__(self,
                 gamma: float = 1.,
                 detach_pt: bool = False,
                 reduction: str = 'mean',
                 loss_weight: float = 1.):
        super().__init__(reduction=reduction, loss_weight=loss_weight)
        check_not_negative(gamma=gamma)
        self.gamma = gamma
        self.detach_pt = detach_pt

    def sample_losses(self, scores: Tensor, target: Tensor) -> Tensor:
        """Focal loss, (B,)."""
        return softmax_focal(scores, target, self.gamma, self.detach_pt)
