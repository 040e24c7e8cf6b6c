# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A classifier whose scores are calibrated, by as much as the input asks for.

Zhang et al., *Distribution Alignment: A Unified Framework for Long-tail Visual
Recognition*, 2021. The formula that the paper prints and the one that its code
has for classification differ, already before a step is made.
"""
from typing import Tuple

import torch
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor, nn

from mmcurv.models.losses.base import check_choice
from mmcurv.registry import MODELS

FORMULAS = ('released', 'printed')
CONFIDENCE_WEIGHT = 0.1


def aligned_scores(scores: Tensor,
                   confidence: Tensor,
                   scale: Tensor,
                   offset: Tensor,
                   formula: str = 'released') -> Tensor:
    """Scores after the calibration.

    Args:
        scores (Tensor): (B, C) z.
        confidence (Tensor): (B, 1) sigma, from 0 to 1.
        scale (Tensor): (C,) s.
        offset (Tensor): (C,) b.
        formula (str): 'released' is (1 + sigma s) z + sigma b, 'printed' is
            sigma (s z + b) + (1 - sigma) z. Defaults to 'released'.

    Returns:
        Tensor: (B, C).
    """
    if formula == 'released':
        return (1 + confidence * scale) * scores + confidence * offset
    return (confidence * (scale * scores + offset) + (1 - confidence) * scores)


@MODELS.register_module()
class DisAlignHead(LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with DisAlign's calibration.

    The parameters of the calibration are ``scale``, 1 at first, ``offset``, 0
    at first, and the layer ``confidence`` on the feature, whose weights are
    0.1 at first. They are trained alone: freeze body and ``head.fc``.

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        formula (str): That of the code, 'released', or of the paper,
            'printed', see :func:`aligned_scores`. Defaults to 'released'.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.DisAlignHead',
        ...     num_classes=10,
        ...     in_channels=64,
        ...     loss=dict(type='mmcurv.GeneralizedReweightingLoss'))
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 formula: str = 'released',
                 **kwargs):
        check_choice('formula', formula, FORMULAS)
        super().__init__(num_classes, in_channels, **kwargs)
        self.formula = formula
        self.scale = nn.Parameter(torch.ones(num_classes))
        self.offset = nn.Parameter(torch.zeros(num_classes))
        self.confidence = nn.Linear(in_channels, 1)
        nn.init.constant_(self.confidence.weight, CONFIDENCE_WEIGHT)

    def init_weights(self) -> None:
        """As ``init_cfg`` says, except for the layer of the confidence."""
        bias = self.confidence.bias.detach().clone()
        super().init_weights()
        nn.init.constant_(self.confidence.weight, CONFIDENCE_WEIGHT)
        with torch.no_grad():  # PyTorch's own start, as in the code
            self.confidence.bias.copy_(bias)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """(B, C) scores."""
        features = self.pre_logits(feats)
        confidence = self.confidence(features).sigmoid()  # (B, 1)
        return aligned_scores(
            self.fc(features), confidence, self.scale, self.offset,
            self.formula)
