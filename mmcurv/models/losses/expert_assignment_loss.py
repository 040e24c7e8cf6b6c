# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether an image needs another expert.

The second stage of Wang et al., *Long-tailed Recognition by Routing Diverse
Distribution-Aware Experts* (RIDE), 2021, as in its code.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.registry import MODELS
from .check_batch import checked_target
from .checks import check_positive


def prefix_means(logits: Tensor) -> Tensor:
    """Mean logits of the first expert, the first two, up to all of them.

    Args:
        logits (Tensor): (K, B, C) of the experts.

    Returns:
        Tensor: (K, B, C).
    """
    numbers = torch.arange(
        1, len(logits) + 1, device=logits.device, dtype=logits.dtype)
    return logits.cumsum(0) / numbers[:, None, None]


def needs_another_expert(means: Tensor, labels: Tensor) -> Tensor:
    """Whether the first k experts are wrong, and some more would be right.

    Args:
        means (Tensor): (K, B, C), see :func:`prefix_means`.
        labels (Tensor): (B,).

    Returns:
        Tensor: (K - 1, B) bool, k from 1 to K - 1.
    """
    right = means.argmax(2) == labels  # (K, B)
    later = right.flip(0).cummax(0).values.flip(0)  # from k on
    return ~right[:-1] & later[1:]


@MODELS.register_module()
class ExpertAssignmentLoss(nn.Module):
    """Binary cross-entropy of the gates, a mean over experts and samples.

    Args:
        pos_weight (float): Weight of the cases in which another expert is
            needed, which are rare. Defaults to 100.0.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.ExpertAssignmentHead',
        ...     loss=dict(type='mmcurv.ExpertAssignmentLoss'))
    """

    def __init__(self, pos_weight: float = 100.):
        super().__init__()
        check_positive(pos_weight=pos_weight)
        self.pos_weight = pos_weight

    def forward(self, gates: Tensor, means: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            gates (Tensor): (K - 1, B) logits of going on.
            means (Tensor): (K, B, C) mean logits, see :func:`prefix_means`.
            target (Tensor): (B,) labels.

        Returns:
            Tensor: A scalar.
        """
        labels = checked_target(
            means[0], target,
            'Whether an expert is right depends on the one label.')
        needed = needs_another_expert(means, labels).to(gates)
        return F.binary_cross_entropy_with_logits(
            gates, needed, pos_weight=gates.new_tensor(self.pos_weight))
