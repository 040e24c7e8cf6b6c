# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""DiVE: a student of a balanced teacher.

He et al., *Distilling Virtual Examples for Long-tailed Recognition*, 2021.
There is no code of the authors; constants are those of a published
re-implementation (Bag of Tricks).
"""
import copy
from typing import Dict, List, Optional

from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcurv.models.losses.base import check_positive
from mmcurv.registry import MODELS
from .teacher import Teacher, distillation_divergence


@MODELS.register_module()
class DiVEClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` that learns from a teacher, too.

    (1 - alpha) L(s, y) + alpha T^2 KL(q || softmax(s / T)), where L is the
    loss of the head, balanced softmax in DiVE, s the student's logits and q =
    softmax(t / T)^p, normalized again, of the teacher's. Teacher and student
    see the same augmented images. The layer ``head.fc`` runs once per loss.

    The teacher is the same network, trained before. With ``alpha=0`` there is
    none, and the loss is that of the head alone: this trains the teacher.

    Args:
        backbone (dict): See ``ImageClassifier``.
        neck (dict, optional): See the same. Defaults to None.
        head (dict, optional): See the same. Defaults to None.
        teacher (str, optional): Path of the teacher's checkpoint, needed to
            train with ``alpha`` above 0. Defaults to None.
        alpha (float): Weight of the teacher, 0 to 1. Defaults to 0.5.
        temperature (float): T, positive. Defaults to 3.0.
        power (float): p, positive; below 1 it flattens what the teacher says.
            Defaults to 0.5.
        **kwargs: Further arguments of ``ImageClassifier``.

    Raises:
        ValueError: If a constant is out of its range.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.DiVEClassifier',
        ...     teacher='work_dirs/teacher/epoch_200.pth',
        ...     head=dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss')))
    """

    def __init__(self,
                 backbone: dict,
                 neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 teacher: Optional[str] = None,
                 alpha: float = 0.5,
                 temperature: float = 3.,
                 power: float = 0.5,
                 **kwargs):
        if not 0 <= alpha <= 1:
            raise ValueError(f'expected alpha from 0 to 1, got {alpha}.')
        check_positive(temperature=temperature, power=power)
        network = copy.deepcopy(
            dict(
                type='mmpretrain.ImageClassifier',
                backbone=backbone,
                neck=neck,
                head=head))
        super().__init__(backbone, neck=neck, head=head, **kwargs)
        self.alpha = alpha
        self.temperature = temperature
        self.power = power
        self.teacher = None
        if teacher is not None and alpha > 0:
            self.teacher = Teacher(network, teacher, self.head.num_classes)

    def init_weights(self) -> None:
        """Start anew, and load the teacher.

        Raises:
            ValueError: If a teacher is needed and none was given.
        """
        super().init_weights()
        if self.alpha > 0:
            self._teacher().load()

    def loss(self, inputs: Tensor,
             data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """The loss of the head, mixed with the teacher's.

        Args:
            inputs (Tensor): (B, ...) images.
            data_samples (list[DataSample]): Their samples.

        Returns:
            dict[str, Tensor]: With the key ``loss``.
        """
        if self.alpha == 0:
            return super().loss(inputs, data_samples)
        scores = self.head(self.extract_feat(inputs))  # (B, C)
        losses = self.head._get_loss(scores, data_samples)
        divergence = distillation_divergence(scores,
                                             self._teacher().logits(inputs),
                                             self.temperature, self.power)
        weight = self.alpha * self.temperature**2
        losses['loss'] = ((1 - self.alpha) * losses['loss'] +
                          weight * divergence)
        return losses

    def _teacher(self) -> Teacher:
        if self.teacher is None:
            raise ValueError(
                f'DiVE with alpha={self.alpha} expected a teacher, got none. '
                'Train by tools/train.py, whose stages train the teacher '
                'first, give teacher=CHECKPOINT, or alpha=0 to train one.')
        return self.teacher
