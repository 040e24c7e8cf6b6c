# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A classifier of two branches that trains each on a batch of its own.

Zhou et al., BBN: Bilateral-Branch Network with Cumulative Learning for
Long-Tailed Visual Recognition, 2020.
"""
from typing import Any, Dict, Sequence

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor

from mmcurv.registry import MODELS


@MODELS.register_module()
class BBNClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` for two batches in a training step.

    At test both branches see the same image. In training the first half of
    the images goes through the shared layers and the conventional branch, then
    the second half through the shared layers and the re-balancing branch: two
    passes, each normalised by its own batch, as in the original. The features
    are concatenated for the head.

    It has the arguments of ``ImageClassifier``. The backbone has the methods
    ``shared``, ``conventional`` and ``rebalancing``, as
    :class:`~mmcurv.models.DualBranchResNet` has;
    ``mmcurv.SecondBatchHook`` brings the second half of the images.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.BBNClassifier',
        ...     backbone=dict(type='mmcurv.DualBranchResNet'),
        ...     neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(
        ...         type='mmcurv.BBNHead', num_classes=10, in_channels=128))
    """

    def loss(self, inputs: Tensor,
             data_samples: Sequence[Any]) -> Dict[str, Tensor]:
        """Loss of two batches.

        Args:
            inputs (Tensor): (2B, ...) images, those of the first batch first.
            data_samples (Sequence[DataSample]): B samples of the first batch,
                which hold the labels of the second as well.

        Returns:
            dict[str, Tensor]: The losses of the head.

        Raises:
            RuntimeError: If there are not two images for each sample.
        """
        if len(inputs) != 2 * len(data_samples):
            raise RuntimeError(
                f'BBNClassifier expected {2 * len(data_samples)} images, two '
                f'for each of {len(data_samples)} samples, got {len(inputs)}. '
                "Add second_batch=dict(type='mmcurv.SecondBatchHook') to the "
                'default_hooks.')
        first, second = inputs.chunk(2)
        backbone = self.backbone
        maps = torch.cat([
            backbone.conventional(backbone.shared(first)),
            backbone.rebalancing(backbone.shared(second))
        ], 1)
        feats = self.neck((maps, )) if self.with_neck else (maps, )
        return self.head.loss(feats, data_samples)
