# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory-based jitter, as we read it.

Liu et al., Memory-based Jitter: Improving Visual Recognition on Long-tailed
Data with Diversity In Memory, 2022. There is no public code, and this is our
reading of the idea: a memory holds features of earlier steps, which the
changing network scatters; the rarer its class, the likelier a feature enters;
the classifier, and it alone, is trained on the memory as well. Size of the
memory, probabilities, weight and start are choices of ours.
"""
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from mmpretrain.models.heads import LinearClsHead
from torch import Tensor

from mmcurv.epoch_shares import (check_epoch, check_start_share,
                                 first_epoch_after)
from mmcurv.models.feature_queue import FeatureQueue
from mmcurv.models.losses.base import (check_not_negative, check_positive,
                                       usable_counts)
from mmcurv.registry import MODELS
from mmcurv.samples import read_pairs


def acceptance_probabilities(counts: Any, rho: float = 1.) -> Tensor:
    """(n_min / n_c)^rho of every class.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        rho (float): At least 0. With 1, equally many features of each class
            enter in an epoch; with 0, all. Defaults to 1.0.

    Returns:
        Tensor: (C,) float64, 1 for the smallest class.

    Example:
        >>> acceptance_probabilities([100, 50, 25])
        tensor([0.2500, 0.5000, 1.0000], dtype=torch.float64)
    """
    counts = usable_counts(counts)
    return (counts.min() / counts)**rho


@MODELS.register_module()
class MBJHead(LinearClsHead):
    """A linear classifier that trains on a memory of features, too.

    At test it is mmpretrain's ``LinearClsHead``. After the share
    ``start_share`` of the training, or from epoch ``start_epoch`` on,
    ``loss_memory`` is added: ``memory_weight`` times the head's loss of the
    memory's features, which carry no gradient. They are those of earlier
    steps; the features of this one enter afterwards, each with the
    probability of its class. They do so from the first step on, so that the
    memory is full when it is first used.

    ``fc`` runs once for its hooks, on the batch, as Curvature Regularization
    needs it. The memory is saved and is the same on all processes. Random
    numbers come from torch's global generator, whose state
    ``mmcurv.RandomStateHook`` keeps. ``mmcurv.ClassCountsHook`` tells the
    epoch and the class counts.

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        memory_size (int): Features in the memory. Defaults to 1024, as many
            as 8 batches of 128 have.
        rho (float): Of :func:`acceptance_probabilities`, at least 0. Defaults
            to 1.0.
        memory_weight (float): Of the memory's loss. Defaults to 1.0.
        start_epoch (int, optional): First epoch with it, counted from 1.
            Defaults to None, which is the first after ``start_share`` of the
            training.
        start_share (float): In [0, 1). Defaults to 0.5, which gives epoch 101
            of 200.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.MBJHead', num_classes=100, in_channels=64)
        >>> default_hooks = dict(
        ...     class_counts=dict(type='mmcurv.ClassCountsHook'))
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 memory_size: int = 1024,
                 rho: float = 1.,
                 memory_weight: float = 1.,
                 start_epoch: Optional[int] = None,
                 start_share: float = 0.5,
                 **kwargs):
        check_not_negative(rho=rho)
        check_positive(memory_weight=memory_weight)
        check_epoch(start_epoch=start_epoch)
        check_start_share(start_share=start_share)
        super().__init__(num_classes, in_channels, **kwargs)
        self.rho = rho
        self.memory_weight = memory_weight
        self.start_epoch = start_epoch
        self.start_share = start_share
        self.epoch = None  # until one is told
        self.memory = FeatureQueue(memory_size, in_channels)
        # Not saved: they follow from the train set of the run.
        self.register_buffer('acceptance', torch.zeros(0), persistent=False)

    def set_class_counts(self, counts: Any) -> None:
        """Take the training images of every class, (C,)."""
        accepted = acceptance_probabilities(counts, self.rho)
        self.acceptance = accepted.to(self.acceptance)

    def set_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take the epoch, counted from 1, and the number of epochs."""
        self.epoch = epoch
        start = self.start_epoch
        if start is None:
            start = first_epoch_after(self.start_share, max_epochs)
        self._uses_memory = epoch >= start

    def loss(self, feats: Tuple[Tensor], data_samples: Sequence[Any],
             **kwargs) -> Dict[str, Tensor]:
        """Losses of the batch and, in its epochs, of the memory.

        Args:
            feats (tuple[Tensor]): The last is (B, p).
            data_samples (Sequence[DataSample]): B samples.
            **kwargs: Other arguments of the loss module.

        Returns:
            dict[str, Tensor]: ``loss``, and ``loss_memory`` if it is added.

        Raises:
            RuntimeError: If epoch or class counts are not known, or images
                are mixed.
        """
        self._check(data_samples)
        losses = super().loss(feats, data_samples, **kwargs)
        if self._uses_memory:
            features, labels = self.memory.contents()
            if len(labels):
                # The hooks of fc are for the batch alone.
                scores = self.fc.forward(features)
                loss = self.loss_module(
                    scores, labels, avg_factor=len(labels), **kwargs)
                losses['loss_memory'] = self.memory_weight * loss
        if self.training and torch.is_grad_enabled():
            self._remember(self.pre_logits(feats), data_samples)
        return losses

    def _remember(self, features: Tensor, data_samples: Sequence[Any]) -> None:
        labels = torch.cat([sample.gt_label for sample in data_samples])
        labels = labels.to(features.device)
        draws = torch.rand(len(labels), device=features.device)
        accepted = draws < self.acceptance[labels]
        self.memory.push(features[accepted], labels[accepted])

    def _check(self, data_samples: Sequence[Any]) -> None:
        if self.epoch is None:
            raise RuntimeError(
                'MBJHead does not know the epoch. Add class_counts=dict('
                "type='mmcurv.ClassCountsHook') to the default_hooks, or, "
                'without a Runner, call set_epoch(epoch, max_epochs).')
        if self.acceptance.numel() == 0:
            raise RuntimeError(
                'MBJHead does not know the class counts. Add '
                "class_counts=dict(type='mmcurv.ClassCountsHook') to the "
                'default_hooks, or, without a Runner, call '
                'set_class_counts(counts).')
        if read_pairs(data_samples) or 'gt_score' in data_samples[0]:
            raise RuntimeError(
                'MBJHead expected images of one class each, the label that '
                'its memory keeps, got mixed ones or soft labels. Train '
                'without batch augments, mixup and CMO.')
