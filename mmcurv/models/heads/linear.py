# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Linear classifiers: of mixed images, on the unit sphere, scaled by class,
tau-normalized."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmpretrain.evaluation.metrics import Accuracy
from mmpretrain.models.heads import ClsHead, LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.models.losses.base import (at_least_float32, check_positive,
                                       without_autocast)
from mmcurv.registry import MODELS
from mmcurv.samples import Pairs, read_pairs


def paired_loss(loss_module: nn.Module, cls_score: Tensor, pairs: Pairs,
                **kwargs) -> Tensor:
    """Loss of mixed images, one hard label at a time.

    lambda L(z, y_a) + (1 - lambda) L(z, y_b), as in mixup (Zhang et al.,
    2018), GCL and CMO. mmpretrain's batch augments give the loss the soft
    label lambda y_a + (1 - lambda) y_b instead, which is the same only for
    losses that are linear in the label.

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


class PairedLabels:
    """Lets a head of mmpretrain train on images with two hard labels.

    Stands before a class that computes its loss as ``ClsHead`` does. Batches
    whose samples were marked by
    :func:`~mmcurv.samples.mark_pairs` have
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
        # A loss of its own behind the mixin would be left out in silence.
        order = cls.__mro__
        behind = order[order.index(PairedLabels) + 1:]
        owner = next((base for base in behind if '_get_loss' in vars(base)),
                     None)
        first = next(base for base in order if '_get_loss' in vars(base))
        if first is PairedLabels and owner is not ClsHead:
            raise TypeError(
                f'PairedLabels in {cls.__name__} expected a head behind it '
                'whose loss is that of ClsHead, got '
                f'{owner.__name__ if owner else "no head"}. Give '
                f'{cls.__name__} a _get_loss that applies paired_loss to each '
                'of its loss modules.')

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
        return dict(loss=loss, **self._accuracies(cls_score, pairs.labels))

    def _accuracies(self, scores: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """Those of the training, if they are wanted."""
        if not self.cal_acc:
            return {}
        found = Accuracy.calculate(
            scores, labels.to(scores.device), topk=self.topk)
        return {f'accuracy_top-{k}': each for k, each in zip(self.topk, found)}


@MODELS.register_module()
class PairedLinearHead(PairedLabels, LinearClsHead):
    """mmpretrain's ``LinearClsHead``, also for images with two hard labels.

    It has the arguments and the parameters of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.PairedLinearHead', num_classes=10, in_channels=64)
    """


class NormedLinear(nn.Module):
    """Cosines of the input and of one weight vector per output.

    The classifier of the LDAM code: no bias, no scale. Weights start uniform
    on [-1, 1], scaled to unit length. It is no ``nn.Linear``, so initializers
    of linear layers leave it as it is.

    Cosines are computed in at least float32, with autocast off: multiplied by
    30, those of bfloat16 would be off by a tenth.

    Args:
        in_features (int): p.
        out_features (int): C.
    """

    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        self.weight.uniform_(-1, 1)
        self.weight.copy_(F.normalize(self.weight))

    def forward(self, features: Tensor) -> Tensor:
        """(B, p) to (B, C), from -1 to 1; 0 where a feature is 0."""
        with without_autocast(features):
            features = F.normalize(at_least_float32(features))
            weight = F.normalize(at_least_float32(self.weight))
            return F.linear(features, weight)

    def extra_repr(self) -> str:
        """Sizes, as ``nn.Linear`` prints them."""
        return (f'in_features={self.in_features}, '
                f'out_features={self.out_features}')


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


@MODELS.register_module()
class ScaledLinearHead(LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with a learned scale for each class.

    LWS of Kang et al., *Decoupling Representation and Classifier for
    Long-Tailed Recognition*, 2020, equation 6; MiSLAS (Zhong et al., 2021)
    trains factors and classifier together. Scores are s_c (w_c . f + b_c), as
    in the code of both papers; the paper of LWS prints no bias. At first all
    scales are 1. To learn the scales alone, as LWS does, freeze ``head.fc``.

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


def tau_scores(features: Tensor, weight: Tensor, tau: float) -> Tensor:
    """w_c . f / ||w_c||^tau of every class, without bias.

    Kang et al., *Decoupling Representation and Classifier for Long-Tailed
    Recognition*, 2020, equation 4.

    Args:
        features (Tensor): (B, p).
        weight (Tensor): (C, p); the score of a weight vector 0 is 0.
        tau (float): 0 leaves the lengths as they are, 1 makes them equal.

    Returns:
        Tensor: (B, C).
    """
    lengths = weight.norm(dim=1, keepdim=True)  # (C, 1)
    lengths = torch.where(lengths > 0, lengths, 1.)
    return F.linear(features, weight / lengths**tau)


class TauNormLinear(nn.Linear):
    """``nn.Linear`` with the scores of :func:`tau_scores`.

    It takes the weights of an ``nn.Linear``; the bias is kept, so that these
    load, and not used. ``tau`` is a buffer, 0 at first, which a checkpoint
    holds.

    Args:
        in_features (int): p.
        out_features (int): C.
    """

    def __init__(self, in_features: int, out_features: int):
        super().__init__(in_features, out_features)
        self.register_buffer('tau', torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """(B, p) to (B, C)."""
        with without_autocast(features):
            return tau_scores(
                at_least_float32(features), at_least_float32(self.weight),
                self.tau)


@MODELS.register_module()
class TauNormHead(LinearClsHead):
    """mmpretrain's ``LinearClsHead`` with a tau-normalized classifier.

    For a network that was trained with ``LinearClsHead``, whose weights it
    loads; ``mmcurv.TauSearchHook`` chooses tau.

    Args:
        num_classes (int): C.
        in_channels (int): Length of the feature.
        **kwargs: Other arguments of ``LinearClsHead``.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.TauNormHead', num_classes=10, in_channels=64)
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs):
        super().__init__(num_classes, in_channels, **kwargs)
        self.fc = TauNormLinear(in_channels, num_classes)
