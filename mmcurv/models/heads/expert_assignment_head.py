# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gates that decide how many experts an image gets.

The second stage of Wang et al., *Long-tailed Recognition by Routing Diverse
Distribution-Aware Experts* (RIDE), 2021, as in its code.
"""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.datasets.paired_fields import read_pairs
from mmcurv.models.losses.expert_assignment_loss import prefix_means
from mmcurv.registry import MODELS
from .multi_expert_head import MultiExpertHead, batch_target

WIDTH = 16  # of what a gate makes of a feature
FIELD = 'num_experts'


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
        labels = batch_target(data_samples).to(means.device)
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
            sample.set_field(number, FIELD)
        return predictions
