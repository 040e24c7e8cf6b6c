# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A linear classifier with one learned factor for the score of each class.

LWS of Kang et al., *Decoupling Representation and Classifier for Long-Tailed
Recognition*, 2020, equation 6; MiSLAS (Zhong et al., 2021) trains factors and
classifier together.
"""
from typing import Tuple

import torch
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor, nn

from mmcurv.registry import MODELS


@MODELS.register_module()
class ScaledLinearHead(LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with a learned scale for each class.

    Scores are s_c (w_c . f + b_c), as in the code of both papers; the paper of
    LWS prints no bias. At first all scales are 1. To learn the scales alone,
    as LWS does, freeze ``head.fc``.

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.ScaledLinearHead', num_classes=10, in_channels=64)
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs):
        super().__init__(num_classes, in_channels, **kwargs)
        self.scales = nn.Parameter(torch.ones(num_classes))

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """(B, C) scores."""
        return self.scales * super().forward(feats)
