# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A normalized classifier for each of several experts."""
from typing import Any, Dict, List, Sequence, Tuple

import torch
from mmpretrain.evaluation.metrics import Accuracy
from mmpretrain.models.heads import ClsHead
from torch import Tensor, nn

from mmcurv.datasets.paired_fields import read_pairs
from mmcurv.models.losses.checks import check_positive
from mmcurv.registry import MODELS
from .normed_linear import NormedLinear
from .paired_labels import PairedLabels


@MODELS.register_module()
class MultiExpertHead(PairedLabels, ClsHead):
    """The head of RIDE: K normalized classifiers, whose mean is the output.

    The feature of expert k, before it is normalized, is the input of
    ``head.fcs.k``; the concatenation of all features is that of
    ``head.all_features``, which changes nothing. So hooks that tap a layer
    see each expert, or all of them as one.

    The loss module is called with the logits of the experts, (K, B, C), and
    for mixed images has a method ``pair``, see
    :class:`~mmcurv.models.RIDELoss`.

    Args:
        num_classes (int): C.
        in_channels (int): Length of each expert's feature.
        num_experts (int): K. Defaults to 3.
        scale (float): Factor of the cosines; that of the loss, if it has
            one, must be the same. Defaults to 30.0.
        loss (dict): Config of the loss. Defaults to
            ``dict(type='mmcurv.RIDELoss')``.
        **kwargs: Other arguments of mmpretrain's ``ClsHead``.

    Raises:
        ValueError: If the loss has another scale.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.MultiExpertHead',
        ...     num_classes=100,
        ...     in_channels=48,
        ...     num_experts=3)
        >>> pool = dict(
        ...     type='mmcurv.FeaturePoolHook',
        ...     layer=['head.fcs.0', 'head.fcs.1', 'head.fcs.2'])
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 num_experts: int = 3,
                 scale: float = 30.,
                 loss: dict = dict(type='mmcurv.RIDELoss'),
                 **kwargs):
        check_positive(scale=scale)
        super().__init__(loss=loss, **kwargs)
        if getattr(self.loss_module, 'scale', scale) != scale:
            raise ValueError(
                f'expected one scale of head and loss, got {scale} of '
                f'{type(self).__name__} and {self.loss_module.scale} of '
                f'{type(self.loss_module).__name__}: margins are in units of '
                'cosines. Give both the same.')
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.num_experts = num_experts
        self.scale = scale
        self.all_features = nn.Identity()
        self.fcs = nn.ModuleList(
            NormedLinear(in_channels, num_classes) for _ in range(num_experts))

    def pre_logits(self, feats: Tuple[Tensor, ...]) -> List[Tensor]:
        """Features of the experts, (B, p) each.

        Raises:
            ValueError: If there is not one for each classifier.
        """
        if len(feats) != self.num_experts:
            raise ValueError(
                f'{type(self).__name__} expected features of '
                f'num_experts={self.num_experts} experts, got {len(feats)}. '
                'Give backbone and head the same num_experts.')
        # Through one layer, where a hook can take all of them.
        return self.all_features(torch.cat(feats, 1)).split(
            [each.shape[1] for each in feats], 1)

    def expert_logits(self, feats: Tuple[Tensor, ...]) -> Tensor:
        """Cosines times the scale, of each expert.

        Args:
            feats (tuple[Tensor]): K features, (B, p).

        Returns:
            Tensor: (K, B, C).
        """
        features = self.pre_logits(feats)
        return self.scale * torch.stack(
            [fc(own) for fc, own in zip(self.fcs, features)])

    def forward(self, feats: Tuple[Tensor, ...]) -> Tensor:
        """The mean of the experts' logits, (B, C)."""
        return self.expert_logits(feats).mean(0)

    def loss(self, feats: Tuple[Tensor, ...], data_samples: Sequence[Any],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of the experts' features."""
        return self._get_loss(
            self.expert_logits(feats), data_samples, **kwargs)

    def _get_loss(self, cls_score: Tensor, data_samples: Sequence[Any],
                  **kwargs) -> Dict[str, Tensor]:
        pairs = read_pairs(data_samples)
        if pairs is None:
            labels = batch_target(data_samples).to(cls_score.device)
            loss = self.loss_module(cls_score, labels, **kwargs)
        else:
            labels = pairs.labels.to(cls_score.device)
            loss = self.loss_module.pair(cls_score, labels,
                                         pairs.others.to(cls_score.device),
                                         pairs.share, **kwargs)
        losses = dict(loss=loss)
        if self.cal_acc:
            accuracies = Accuracy.calculate(
                cls_score.mean(0), labels, topk=self.topk)
            for k, accuracy in zip(self.topk, accuracies):
                losses[f'accuracy_top-{k}'] = accuracy
        return losses


def batch_target(data_samples: Sequence[Any]) -> Tensor:
    """(B,) labels, or (B, C) soft ones, which a loss may refuse."""
    if 'gt_score' in data_samples[0]:
        return torch.stack([sample.gt_score for sample in data_samples])
    return torch.cat([sample.gt_label for sample in data_samples])
