# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The classifier of two branches, and its cumulative learning.

Zhou et al., BBN: Bilateral-Branch Network with Cumulative Learning for
Long-Tailed Visual Recognition, 2020, equations 3 to 6. One departure, which is
that of its code: both branches share one classifier over their concatenated
features, so that there is one bias.
"""
import math
from typing import Any, Dict, Sequence, Tuple

import torch
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor, nn

from mmcurv.registry import MODELS
from mmcurv.samples import Pairs, read_second
from .linear import paired_loss


def bbn_alpha(epoch: int, horizon: int) -> float:
    """Share of the conventional branch, 1 - ((T - 1) / T_max)^2.

    Args:
        epoch (int): T, counted from 1.
        horizon (int): T_max, at least ``epoch - 1``.

    Returns:
        float: 1 in the first epoch, and never below 0.

    Example:
        >>> bbn_alpha(101, 200)
        0.75
    """
    return 1 - ((epoch - 1) / horizon)**2


@MODELS.register_module()
class BBNHead(LinearClsHead):
    """Linear classifier over the features of two branches.

    With f_c and f_r, the two halves of the feature, the scores are those of
    ``fc`` for 2 [alpha f_c, (1 - alpha) f_r]. In training the halves belong to
    different images, with labels y_c and y_r, and the loss is
    alpha L(y_c) + (1 - alpha) L(y_r). At test they belong to one image, and
    alpha is 1/2, so that the scores are those of ``fc`` for [f_c, f_r].

    f_c passes through the layer ``conventional``, in training with y_c as the
    ``gt_label``: it is what Curvature Regularization takes. The input of
    ``fc`` belongs to no one class.

    ``mmcurv.ClassCountsHook`` tells the epoch, and with it alpha. The training
    accuracy (``cal_acc``) cannot be had.

    Args:
        num_classes (int): C.
        in_channels (int): Of both branches together, an even number.
        horizon_share (float): T_max of :func:`bbn_alpha` over the number of
            epochs, at least 1; T_max is rounded. The original has 10 / 9 on
            iNaturalist: 100 for 90 epochs and 200 for 180. Defaults to 1.0.
        cal_acc (bool): Not to be set: a step has two labels per score.
            Defaults to False.
        **kwargs: Other arguments of ``LinearClsHead``.

    Raises:
        ValueError: If ``in_channels`` is odd, ``horizon_share`` below 1, or
            ``cal_acc`` set.
    """
    curvature_layers = ('conventional', )

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 horizon_share: float = 1.,
                 cal_acc: bool = False,
                 **kwargs):
        if in_channels % 2:
            raise ValueError(
                'expected an even in_channels, those of two branches of one '
                f'width, got {in_channels}.')
        if not 1 <= horizon_share < math.inf:
            raise ValueError(
                'expected horizon_share of at least 1, the whole training, '
                f'and finite, got {horizon_share}.')
        if cal_acc:
            raise ValueError(
                'expected cal_acc=False, got True: scores of a training step '
                'belong to an image of each branch, with two labels.')
        super().__init__(num_classes, in_channels, **kwargs)
        self.conventional = nn.Identity()
        self.horizon_share = horizon_share
        self.alpha = None  # until an epoch is told

    def set_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take the epoch, counted from 1, and the number of epochs."""
        horizon = round(self.horizon_share * max_epochs)
        self.alpha = bbn_alpha(epoch, horizon)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Scores (B, C) of features, (B, in_channels), of one image each."""
        return self._scores(feats, 0.5)

    def loss(self, feats: Tuple[Tensor], data_samples: Sequence[Any],
             **kwargs) -> Dict[str, Tensor]:
        """Loss of the features of two batches.

        Args:
            feats (tuple[Tensor]): The last is (B, in_channels): f_c of the
                images of the first batch, then f_r of those of the second.
            data_samples (Sequence[DataSample]): B samples with the labels of
                both, see :mod:`~mmcurv.samples`.
            **kwargs: Other arguments of the loss module.

        Returns:
            dict[str, Tensor]: The loss.

        Raises:
            RuntimeError: If the epoch or the second labels are not known.
        """
        if self.alpha is None:
            raise RuntimeError(
                'BBNHead does not know the epoch. Add class_counts=dict('
                "type='mmcurv.ClassCountsHook') to the default_hooks, or, "
                'without a Runner, call set_epoch(epoch, max_epochs).')
        second = read_second(data_samples)
        if second is None:
            raise RuntimeError(
                'BBNHead expected samples with a second_label, found none. '
                "Add second_batch=dict(type='mmcurv.SecondBatchHook') to the "
                'default_hooks.')
        first = torch.cat([sample.gt_label for sample in data_samples])
        scores = self._scores(feats, self.alpha)
        loss = paired_loss(
            self.loss_module,
            scores,
            Pairs(first, second, self.alpha),
            avg_factor=len(scores),
            **kwargs)
        return dict(loss=loss)

    def _scores(self, feats: Tuple[Tensor], alpha: float) -> Tensor:
        first, second = self.pre_logits(feats).chunk(2, 1)  # (B, p) each
        first = self.conventional(first)
        return self.fc(
            torch.cat([2 * alpha * first, 2 * (1 - alpha) * second], 1))
