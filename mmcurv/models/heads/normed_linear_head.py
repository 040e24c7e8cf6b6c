# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A head whose scores are cosines."""
from typing import List, Optional, Tuple

from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcurv.models.losses.checks import check_positive
from mmcurv.registry import MODELS
from .normed_linear import NormedLinear
from .paired_labels import PairedLabels


@MODELS.register_module()
class NormedLinearHead(PairedLabels, LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with a normalized classifier.

    Its layer ``head.fc`` has the feature as input before it is normalized,
    so that hooks that tap this layer see the same feature as with a linear
    classifier.

    Scores are cosines times ``scale``. A loss that scales cosines itself, as
    LDAM and GCL do, needs the scale to stay at 1; predicted probabilities
    then have the scale of that loss (its attribute ``scale``).

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        scale (float): Factor of the cosines, for losses without one of their
            own, such as cross-entropy. Defaults to 1.0.
        init_cfg (dict, optional): Initialization, instead of that of
            :class:`~mmcurv.models.heads.NormedLinear`. Defaults to None.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.NormedLinearHead',
        ...     num_classes=100,
        ...     in_channels=64,
        ...     loss=dict(type='mmcurv.LDAMLoss', scale=30.))
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 scale: float = 1.,
                 init_cfg: Optional[dict] = None,
                 **kwargs):
        check_positive(scale=scale)
        super().__init__(num_classes, in_channels, init_cfg=init_cfg, **kwargs)
        self.scale = scale
        self.fc = NormedLinear(in_channels, num_classes)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Cosines times the scale, (B, C)."""
        return self.scale * super().forward(feats)

    def _get_predictions(
            self, cls_score: Tensor,
            data_samples: Optional[List[DataSample]]) -> List[DataSample]:
        scale = getattr(self.loss_module, 'scale', 1.)
        return super()._get_predictions(scale * cls_score, data_samples)
