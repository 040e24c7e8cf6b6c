# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A normalized classifier for each of several experts, and gates.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021, as in its code: the gates, its second stage, decide how
many experts an image gets.
"""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.models.losses import prefix_means
from mmcurv.models.losses.base import check_positive
from mmcurv.registry import MODELS
from mmcurv.samples import read_pairs
from .linear import NormedLinear, PairedLabels

WIDTH = 16  # of what a gate makes of a feature


@MODELS.register_module()
class MultiExpertHead(PairedLabels, ClsHead):
    """The head of RIDE: K normalized classifiers, whose mean is the output.

    The feature of expert k, before it is normalized, is the input of
    ``head.fcs.k``; the concatenation of all features is that of
    ``head.all_features``, which changes nothing. So hooks that tap a layer
    see each expert, as Curvature Regularization does by default, or all of
    them as one, as the measured geometry does.

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
    """
    geometry_layer = 'all_features'

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

    @property
    def curvature_layers(self) -> List[str]:
        """list[str]: The classifier of each expert."""
        return [f'fcs.{k}' for k in range(self.num_experts)]

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
            labels = _batch_target(data_samples).to(cls_score.device)
            loss = self.loss_module(cls_score, labels, **kwargs)
        else:
            labels = pairs.labels.to(cls_score.device)
            loss = self.loss_module.pair(cls_score, labels,
                                         pairs.others.to(cls_score.device),
                                         pairs.share, **kwargs)
        return dict(loss=loss, **self._accuracies(cls_score.mean(0), labels))


@MODELS.register_module()
class ExpertAssignmentHead(MultiExpertHead):
    """A :class:`MultiExpertHead` that asks expert after expert.

    After expert k of K, but the last, a gate tells from the normalized
    feature of this expert, through a layer of its own and ReLU, and from the
    largest mean logits of the first k experts, through a layer that all gates
    share, whether another expert is needed. In a test an image gets experts
    as long as the gates say so, and the mean of their logits is its output.
    How many it got is the field ``num_experts`` of its data sample, which
    :class:`~mmcurv.evaluation.ExpertsUsed` averages.

    Only the gates are trained, from the loss of going on; experts and body
    get no gradient and shall be frozen, batch norms in evaluation mode, see
    configs/ride_ea.

    All experts are computed for every image, in training and in a test: the
    number of experts says what routing could save, no time is saved here.

    Args:
        num_classes (int): C.
        in_channels (int): Length of each expert's feature.
        num_experts (int): K. Defaults to 3.
        top_logits (int): How many of the largest mean logits a gate sees, at
            most C. The original has 30 on CIFAR-100-LT and 50 on large sets.
            Defaults to 30.
        loss (dict): Config of the loss. Defaults to
            ``dict(type='mmcurv.ExpertAssignmentLoss')``.
        **kwargs: Other arguments of :class:`MultiExpertHead`.

    Raises:
        ValueError: If ``top_logits`` is more than there are classes.
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 num_experts: int = 3,
                 top_logits: int = 30,
                 loss: dict = dict(type='mmcurv.ExpertAssignmentLoss'),
                 **kwargs):
        super().__init__(
            num_classes, in_channels, num_experts, loss=loss, **kwargs)
        if not 1 <= top_logits <= num_classes:
            raise ValueError(
                'expected top_logits from 1 to the number of classes, '
                f'{num_classes}, got {top_logits}.')
        self.top_logits = top_logits
        self.gates = nn.ModuleList(
            nn.Linear(in_channels, WIDTH) for _ in range(num_experts - 1))
        self.go_on = nn.Linear(top_logits + WIDTH, 1)

    def gate_logits(self, feats: Sequence[Tensor], means: Tensor) -> Tensor:
        """Logits of going on after each expert but the last.

        Args:
            feats (Sequence[Tensor]): K features, (B, p).
            means (Tensor): (K, B, C) mean logits of the first k experts.

        Returns:
            Tensor: (K - 1, B).
        """
        top = means[:-1].topk(self.top_logits, 2).values  # (K-1, B, t)
        hidden = torch.stack([
            F.relu(gate(F.normalize(own)))
            for gate, own in zip(self.gates, feats)
        ])  # (K-1, B, 16)
        seen = torch.cat([top.to(hidden), hidden], 2)
        return self.go_on(seen)[:, :, 0]

    def route(self, feats: Tuple[Tensor, ...]) -> Tuple[Tensor, Tensor]:
        """Output and number of experts of each image.

        Args:
            feats (tuple[Tensor]): K features, (B, p).

        Returns:
            tuple: (B, C) logits and (B,) int64, 1 to K.
        """
        means = prefix_means(self.expert_logits(feats))
        goes_on = self.gate_logits(feats, means) > 0  # sigmoid above a half
        used = 1 + goes_on.long().cumprod(0).sum(0)  # (B,)
        rows = torch.arange(len(used), device=used.device)
        return means[used - 1, rows], used

    def forward(self, feats: Tuple[Tensor, ...]) -> Tensor:
        """Mean logits of the experts that each image gets, (B, C)."""
        return self.route(feats)[0]

    def loss(self, feats: Tuple[Tensor, ...], data_samples: Sequence[Any],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of the gates.

        Raises:
            ValueError: If the images are mixed.
        """
        if read_pairs(data_samples) is not None:
            raise ValueError(
                'ExpertAssignmentHead expected images of one label, got mixed '
                'ones, for which no expert is simply right. Leave the hook '
                'that mixes out of this stage.')
        feats = tuple(each.detach() for each in feats)
        means = prefix_means(self.expert_logits(feats)).detach()
        labels = _batch_target(data_samples).to(means.device)
        return dict(
            loss=self.loss_module(
                self.gate_logits(feats, means), means, labels, **kwargs))

    def predict(
        self,
        feats: Tuple[Tensor, ...],
        data_samples: Optional[List[Optional[DataSample]]] = None
    ) -> List[DataSample]:
        """Predictions, with the number of experts in ``num_experts``."""
        logits, used = self.route(feats)
        predictions = self._get_predictions(logits, data_samples)
        for sample, number in zip(predictions, used.tolist()):
            sample.set_field(number, 'num_experts')
        return predictions


def _batch_target(data_samples: Sequence[Any]) -> Tensor:
    """(B,) labels, or (B, C) soft ones, which a loss may refuse."""
    if 'gt_score' in data_samples[0]:
        return torch.stack([sample.gt_score for sample in data_samples])
    return torch.cat([sample.gt_label for sample in data_samples])
