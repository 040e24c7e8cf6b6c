# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The losses of several diverse experts, and of the gates that ask them.

Wang et al., *Long-tailed Recognition by Routing Diverse Distribution-Aware
Experts* (RIDE), 2021, as in its code: the published equation 1 has a
divergence between experts, the code one between each expert and their mean.
The second stage decides whether an image needs another expert.
"""
from functools import partial
from typing import Any, Optional, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcurv.epoch_shares import (check_epoch, check_start_share,
                                 first_epoch_after)
from mmcurv.registry import MODELS
from .base import (ClassWeights, CountedLoss, at_least_float32,
                   check_not_negative, check_positive, checked_target,
                   usable_counts)
from .ldam_loss import ldam_margins


def class_temperatures(counts: Any, share: float = 0.05) -> Tensor:
    """(C pi_c r + 1 - r) / its largest, pi_c the share of class c.

    Args:
        counts (Sequence[int] | Tensor): (C,) training images of every class.
        share (float): r, 0 to 1; 0 gives 1 for all classes. Defaults to
            0.05.

    Returns:
        Tensor: (C,) float64, above 0 and at most 1, lower for rarer classes.

    Example:
        >>> class_temperatures([3, 1], share=0.5)
        tensor([1.0000, 0.6000], dtype=torch.float64)
    """
    counts = usable_counts(counts)
    relative = len(counts) * counts / counts.sum()
    temperatures = relative * share + 1 - share
    return temperatures / temperatures.max()


def divergence_from_mean(logits: Tensor,
                         temperature: Union[Tensor, float] = 1.) -> Tensor:
    """Tbar^2 KL(softmax(zbar / T) || softmax(z_k / T)), summed over experts.

    The mean zbar of the experts' logits gets no gradient.

    Args:
        logits (Tensor): (K, B, C), z.
        temperature (Tensor | float): T, (C,), with mean Tbar, or a number.
            Defaults to 1.0.

    Returns:
        Tensor: A scalar of at least 0, a mean over the B samples, in nats.
    """
    if not isinstance(temperature, Tensor):
        temperature = logits.new_full((), temperature)
    temperature = temperature.to(logits)
    mean = (logits.detach().mean(0) / temperature).log_softmax(-1)  # (B, C)
    each = (logits / temperature).log_softmax(-1)  # (K, B, C)
    divergence = (mean.exp() * (mean - each)).sum((0, 2)).mean()
    return temperature.mean()**2 * divergence


def prefix_means(logits: Tensor) -> Tensor:
    """Mean logits of the first expert, the first two, up to all of them.

    Args:
        logits (Tensor): (K, B, C) of the experts.

    Returns:
        Tensor: (K, B, C).
    """
    numbers = torch.arange(
        1, len(logits) + 1, device=logits.device, dtype=logits.dtype)
    return logits.cumsum(0) / numbers[:, None, None]


def needs_another_expert(means: Tensor, labels: Tensor) -> Tensor:
    """Whether the first k experts are wrong, and some more would be right.

    Args:
        means (Tensor): (K, B, C), see :func:`prefix_means`.
        labels (Tensor): (B,).

    Returns:
        Tensor: (K - 1, B) bool, k from 1 to K - 1.
    """
    right = means.argmax(2) == labels  # (K, B)
    later = right.flip(0).cummax(0).values.flip(0)  # from k on
    return ~right[:-1] & later[1:]


@MODELS.register_module()
class RIDELoss(ClassWeights, CountedLoss):
    """Cross-entropies of the experts, each with the margins of LDAM, and
    their divergence from the mean expert.

    Summed over experts; a mean over the batch, weighted by class after
    ``set_weights``. Takes logits that are scaled cosines. The divergence has
    a negative weight: experts are pushed away from their mean. Its
    temperature is 1 at first, and from an epoch on one per class; so a
    ``mmcurv.ClassCountsHook`` must tell the epoch.

    Of images with two labels, margins, weights and cross-entropy are those of
    each label, mixed by their shares; the divergence, which knows no label,
    enters once.

    Args:
        diversity (float): Weight of the divergence. The original has -0.45
            on CIFAR-100-LT. Its code reads 0 as a switch to the
            collaborative loss; here that is a switch of its own. Defaults to
            -0.2.
        temperature_share (float): r of :func:`class_temperatures`, 0 to 1.
            The original has 0.05 on CIFAR, 0.02 on ImageNet-LT and 0.015 on
            iNaturalist. Defaults to 0.05.
        temperature_start (int, optional): First epoch with temperatures by
            class, counted from 1. Defaults to None, which is the first after
            ``temperature_start_share`` of the training.
        temperature_start_share (float): In [0, 1). Defaults to 0.8, which
            gives the published epoch 161 of 200.
        max_margin (float): Margin of the smallest class, a cosine, at least
            0. Defaults to 0.5.
        scale (float): By what the head has multiplied the cosines. Defaults
            to 30.0.
        collaborative (bool): Whether the cross-entropy is that of the mean of
            the experts' logits, counted once for each expert. Defaults to
            False.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        loss_weight (float): Factor of the loss. Defaults to 1.0.

    Raises:
        RuntimeError: In a step, if the epoch is not known.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.MultiExpertHead',
        ...     loss=dict(type='mmcurv.RIDELoss', diversity=-0.45))
        >>> default_hooks = dict(
        ...     class_counts=dict(type='mmcurv.ClassCountsHook'),
        ...     reweighting=dict(type='mmcurv.DeferredReweightingHook'))
    """
    soft_refusal = ('RIDE lowers the score of the one label by a margin, so '
                    'it is not linear in labels.')

    def __init__(self,
                 diversity: float = -0.2,
                 temperature_share: float = 0.05,
                 temperature_start: Optional[int] = None,
                 temperature_start_share: float = 0.8,
                 max_margin: float = 0.5,
                 scale: float = 30.,
                 collaborative: bool = False,
                 class_counts: Optional[Any] = None,
                 loss_weight: float = 1.):
        check_not_negative(max_margin=max_margin)
        check_positive(scale=scale)
        if not 0 <= temperature_share <= 1:
            raise ValueError('expected temperature_share from 0 to 1, got '
                             f'{temperature_share}.')
        check_epoch(temperature_start=temperature_start)
        check_start_share(temperature_start_share=temperature_start_share)
        self.temperature_share = temperature_share  # for set_class_counts
        super().__init__(
            'margins',
            partial(ldam_margins, max_margin=max_margin),
            class_counts,
            loss_weight=loss_weight)
        self.diversity = diversity
        self.temperature_start = temperature_start
        self.temperature_start_share = temperature_start_share
        self.scale = scale
        self.collaborative = collaborative
        self.epoch = None

    def set_class_counts(self, counts: Any) -> None:
        """See :meth:`CountedLoss.set_class_counts`."""
        super().set_class_counts(counts)
        temperatures = class_temperatures(counts, self.temperature_share)
        self.register_buffer(
            'temperatures', temperatures.to(self.margins), persistent=False)

    def set_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take the epoch, counted from 1, and the number of epochs."""
        self.epoch = epoch
        start = self.temperature_start
        if start is None:
            start = first_epoch_after(self.temperature_start_share, max_epochs)
        self._by_class = epoch >= start

    def forward(self, cls_score: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            cls_score (Tensor): (K, B, C) logits of the experts.
            target (Tensor): (B,) labels.

        Returns:
            Tensor: A scalar.
        """
        return self.pair(cls_score, target, target, 1.)

    def pair(self, cls_score: Tensor, labels: Tensor, others: Tensor,
             share: float) -> Tensor:
        """Compute the loss of images with two labels.

        Args:
            cls_score (Tensor): (K, B, C) logits of the experts.
            labels (Tensor): (B,) of the main images.
            others (Tensor): (B,) of the images mixed into them.
            share (float): Of the main images, 0 to 1.

        Returns:
            Tensor: A scalar.
        """
        logits = at_least_float32(cls_score)
        judged, times = logits, 1
        if self.collaborative:
            judged, times = logits.mean(0, keepdim=True), len(logits)
        loss = share * self._entropy(judged, labels)
        if share < 1:
            loss = loss + (1 - share) * self._entropy(judged, others)
        loss = times * loss
        if self.diversity:
            temperature = self._temperature(logits)
            loss = loss + self.diversity * divergence_from_mean(
                logits, temperature)
        return self.loss_weight * loss

    def _entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Summed over experts, of (K, B, C) logits."""
        labels = checked_target(logits[0], labels, self.soft_refusal)
        margins = self.scale * self.constant(logits[0])  # (C,)
        lowered = logits - margins * F.one_hot(labels, logits.shape[2])
        losses = F.cross_entropy(
            lowered.flatten(0, 1),
            labels.repeat(len(logits)),
            reduction='none').unflatten(0, logits.shape[:2])  # (K, B)
        losses = self.weigh(losses, logits[0], labels, 'mean')
        return losses.mean(1).sum()

    def _temperature(self, logits: Tensor) -> Union[Tensor, float]:
        if self.epoch is None:
            raise RuntimeError(
                'RIDELoss does not know the epoch, on which its temperatures '
                'depend. Add '
                "class_counts=dict(type='mmcurv.ClassCountsHook') to the "
                'default_hooks, or, without a Runner, call '
                'set_epoch(epoch, max_epochs).')
        if not self._by_class:
            return 1.
        self.constant(logits[0])  # raises if the counts are not known
        return self.temperatures


@MODELS.register_module()
class ExpertAssignmentLoss(nn.Module):
    """Binary cross-entropy of the gates, a mean over experts and samples.

    Args:
        pos_weight (float): Weight of the cases in which another expert is
            needed, which are rare. Defaults to 100.0.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.ExpertAssignmentHead',
        ...     loss=dict(type='mmcurv.ExpertAssignmentLoss'))
    """

    def __init__(self, pos_weight: float = 100.):
        super().__init__()
        check_positive(pos_weight=pos_weight)
        self.pos_weight = pos_weight

    def forward(self, gates: Tensor, means: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            gates (Tensor): (K - 1, B) logits of going on.
            means (Tensor): (K, B, C) mean logits, see :func:`prefix_means`.
            target (Tensor): (B,) labels.

        Returns:
            Tensor: A scalar.
        """
        labels = checked_target(
            means[0], target,
            'Whether an expert is right depends on the one label.')
        needed = needs_another_expert(means, labels).to(gates)
        return F.binary_cross_entropy_with_logits(
            gates, needed, pos_weight=gates.new_full((), self.pos_weight))
