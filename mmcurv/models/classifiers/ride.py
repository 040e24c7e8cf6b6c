# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Experts that learn from a larger number of experts.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021: its best networks are students of six experts.
"""
from typing import Any, Dict, List, Optional

from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcurv.models.losses.base import check_positive
from mmcurv.registry import MODELS
from .teacher import Teacher, distillation_divergence


@MODELS.register_module()
class RIDEClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` of experts, with a teacher.

    To the loss of the head, ``loss_distillation`` is added: T^2
    KL(softmax(t / T) || softmax(zbar / T)) of the teacher's logits t and the
    mean zbar of the experts' logits, once. Without a teacher this is an
    ``ImageClassifier``.

    Args:
        *args: Of ``ImageClassifier``, whose head is a
            :class:`~mmcurv.models.MultiExpertHead`.
        teacher (dict, optional): With the config ``model`` of the teacher, in
            the original the same network with six experts, and the path
            ``checkpoint`` of its weights. Defaults to None.
        temperature (float): T, positive. Defaults to 1.5.
        times_experts (bool): Whether a loss with a teacher is multiplied by
            the number of experts, all terms. The released code does so: its
            loop over experts adds the whole loss each time, which acts as a
            learning rate K times as large. Defaults to False.
        **kwargs: Further arguments of ``ImageClassifier``.

    Raises:
        ValueError: If the teacher is not a model and a checkpoint.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.RIDEClassifier',
        ...     teacher=dict(
        ...         model=dict(type='ImageClassifier'),
        ...         checkpoint='work_dirs/teacher/epoch_200.pth'))
    """

    def __init__(self,
                 *args,
                 teacher: Optional[Dict[str, Any]] = None,
                 temperature: float = 1.5,
                 times_experts: bool = False,
                 **kwargs):
        check_positive(temperature=temperature)
        super().__init__(*args, **kwargs)
        self.temperature = temperature
        self.times_experts = times_experts
        self.teacher = None
        if teacher is not None:
            if set(teacher) != {'model', 'checkpoint'}:
                raise ValueError(
                    'expected teacher=dict(model=..., checkpoint=...), got '
                    f'{sorted(teacher)}.')
            self.teacher = Teacher(teacher['model'], teacher['checkpoint'],
                                   self.head.num_classes)

    def init_weights(self) -> None:
        """Start anew, and load the teacher if there is one."""
        super().init_weights()
        if self.teacher is not None:
            self.teacher.load()

    def loss(self, inputs: Tensor,
             data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """Losses of the head, and of the teacher if there is one.

        Args:
            inputs (Tensor): (B, ...) images.
            data_samples (list[DataSample]): Their samples.

        Returns:
            dict[str, Tensor]: ``loss`` and, with a teacher,
            ``loss_distillation``.
        """
        if self.teacher is None:
            return super().loss(inputs, data_samples)
        logits = self.head.expert_logits(self.extract_feat(inputs))  # (K,B,C)
        losses = self.head._get_loss(logits, data_samples)
        divergence = distillation_divergence(
            logits.mean(0), self.teacher.logits(inputs), self.temperature)
        losses['loss_distillation'] = self.temperature**2 * divergence
        if self.times_experts:
            for name in ('loss', 'loss_distillation'):
                losses[name] = len(logits) * losses[name]
        return losses
