# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The loss of mixed images, one hard label at a time.

lambda L(z, y_a) + (1 - lambda) L(z, y_b), as in mixup (Zhang et al., 2018),
GCL and CMO. mmpretrain's batch augments give the loss the soft label
lambda y_a + (1 - lambda) y_b instead, which is the same only for losses that
are linear in the label.
"""
from typing import Any, Dict, Sequence

from mmpretrain.evaluation.metrics import Accuracy
from mmpretrain.models.heads import ClsHead, LinearClsHead
from torch import Tensor, nn

from mmcurv.datasets.paired_fields import Pairs, read_pairs
from mmcurv.registry import MODELS


def paired_loss(loss_module: nn.Module, cls_score: Tensor, pairs: Pairs,
                **kwargs) -> Tensor:
    """Loss of the first labels times their share, plus that of the others.

    A loss module that draws random numbers, and must use them for both
    labels, has a method ``pair(cls_score, labels, others, share, **kwargs)``,
    which is called instead of the module itself.

    Args:
        loss_module (nn.Module): Called as ``loss_module(cls_score, labels,
            **kwargs)``.
        cls_score (Tensor): (B, C).
        pairs (Pairs): The labels of the batch.
        kwargs: Further arguments of the loss module.

    Returns:
        Tensor: What the loss module returns, mixed.
    """
    labels = pairs.labels.to(cls_score.device)
    others = pairs.others.to(cls_score.device)
    if callable(getattr(loss_module, 'pair', None)):
        return loss_module.pair(cls_score, labels, others, pairs.share,
                                **kwargs)
    return (pairs.share * loss_module(cls_score, labels, **kwargs) +
            (1 - pairs.share) * loss_module(cls_score, others, **kwargs))


def _check_bases(cls: type) -> None:
    """A loss of its own behind the mixin would be left out in silence."""
    order = cls.__mro__
    behind = order[order.index(PairedLabels) + 1:]
    owner = next((base for base in behind if '_get_loss' in vars(base)), None)
    first = next(base for base in order if '_get_loss' in vars(base))
    if first is PairedLabels and owner is not ClsHead:
        raise TypeError(
            f'PairedLabels in {cls.__name__} expected a head behind it whose '
            'loss is that of ClsHead, got '
            f'{owner.__name__ if owner else "no head"}. Give '
            f'{cls.__name__} a _get_loss that applies paired_loss to each of '
            'its loss modules.')


class PairedLabels:
    """Lets a head of mmpretrain train on images with two hard labels.

    Stands before a class that computes its loss as ``ClsHead`` does. Batches
    whose samples were marked by
    :func:`~mmcurv.datasets.paired_fields.mark_pairs` have
    :func:`paired_loss`, others the loss of the head. The training accuracy
    (``cal_acc``) is that of the main label.

    A head with a loss of its own overrides ``_get_loss`` and uses
    :func:`paired_loss` for each of its loss modules.

    Examples:
        >>> class PairedStackedHead(PairedLabels, StackedLinearClsHead):
        ...     pass
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _check_bases(cls)

    def _get_loss(self, cls_score: Tensor, data_samples: Sequence[Any],
                  **kwargs) -> Dict[str, Tensor]:
        pairs = read_pairs(data_samples)
        if pairs is None:
            return super()._get_loss(cls_score, data_samples, **kwargs)
        loss = paired_loss(
            self.loss_module,
            cls_score,
            pairs,
            avg_factor=cls_score.size(0),
            **kwargs)
        losses = dict(loss=loss)
        if self.cal_acc:
            labels = pairs.labels.to(cls_score.device)
            accuracies = Accuracy.calculate(cls_score, labels, topk=self.topk)
            for k, accuracy in zip(self.topk, accuracies):
                losses[f'accuracy_top-{k}'] = accuracy
        return losses


@MODELS.register_module()
class PairedLinearHead(PairedLabels, LinearClsHead):
    """mmpretrain's ``LinearClsHead``, also for images with two hard labels.

    It has the arguments and the parameters of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.PairedLinearHead', num_classes=10, in_channels=64)
    """
