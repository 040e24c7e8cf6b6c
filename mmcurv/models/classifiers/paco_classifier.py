# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""PaCo: class centres among the contrasts.

Cui et al., *Parametric Contrastive Learning*, 2021, in the form of its code,
which is that of MoCo v2 with labels. Two departures: the momentum copy of the
linear classifier, which no loss uses, is left out; and batches of keys are
not shuffled among processes. MoCo shuffles so that batch statistics cannot
give away which key is a query's own; here all images of a class are wanted,
so that nothing is given away, and in one process the shuffle has no effect.
"""
import copy
from typing import Any, Dict, List, Optional

import torch
import torch.nn.functional as F
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.models.key_queue import KeyQueue
from mmcurv.models.losses import PaCoLoss
from mmcurv.registry import MODELS


@torch.no_grad()
def follow(average: nn.Module, source: nn.Module, momentum: float) -> None:
    """Move parameters, average <- m * average + (1 - m) * source, in place.

    Args:
        average (nn.Module): Of the same structure as ``source``.
        source (nn.Module): Stays as it is.
        momentum (float): m, 0 to 1.
    """
    pairs = zip(average.parameters(), source.parameters())
    for slow, fast in pairs:
        slow.mul_(momentum).add_(fast, alpha=1 - momentum)


@MODELS.register_module()
class PaCoClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` with parametric contrast.

    In training each image comes in two views. The first goes through
    backbone, neck and ``head.fc``, once, and as a query through
    ``projector``, fc - BN - ReLU - fc; the second through the key encoder, a
    momentum copy of backbone, neck and projector whose batch norms use the
    statistics of the process's own batch. The order of a step is: queries,
    key encoder, keys, loss with the queue of earlier steps, queue. In a test
    there is the linear classifier alone, without a log prior.

    Queue and key encoder are in the state dict. All processes hold one queue;
    each contrasts with its own queries and keys besides.

    Args:
        backbone (dict): See ``ImageClassifier``.
        neck (dict, optional): See the same. Defaults to None.
        head (dict, optional): A linear head with ``in_channels`` and a
            :class:`~mmcurv.models.PaCoLoss`. Defaults to None.
        queue_size (int): Keys in the queue, a multiple of the images in a
            step of all processes. Defaults to 1024.
        feature_dim (int): Length of queries and keys. Defaults to 32.
        momentum (float): Of the key encoder, 0 to 1. Defaults to 0.999.
        data_preprocessor (dict, optional): Of the type
            ``mmcurv.ViewsPreprocessor`` unless it says another. Defaults to
            None.
        **kwargs: Further arguments of ``ImageClassifier``.

    Raises:
        TypeError: If the loss of the head is none for contrasts.
        ValueError: If a constant is out of its range.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.PaCoClassifier',
        ...     queue_size=8192,
        ...     feature_dim=128,
        ...     head=dict(loss=dict(type='mmcurv.PaCoLoss')))
        >>> default_hooks = dict(key_queue=dict(type='mmcurv.KeyQueueHook'))
    """

    def __init__(self,
                 backbone: dict,
                 neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 queue_size: int = 1024,
                 feature_dim: int = 32,
                 momentum: float = 0.999,
                 data_preprocessor: Optional[dict] = None,
                 **kwargs):
        if not 0 <= momentum <= 1:
            raise ValueError(f'expected momentum from 0 to 1, got {momentum}.')
        if not isinstance(data_preprocessor, nn.Module):
            data_preprocessor = dict(
                dict(type='mmcurv.ViewsPreprocessor'),
                **(data_preprocessor or {}))
        super().__init__(
            backbone,
            neck=neck,
            head=head,
            data_preprocessor=data_preprocessor,
            **kwargs)
        if not isinstance(self.head.loss_module, PaCoLoss):
            raise TypeError(
                'PaCoClassifier expected a head with a loss of the type '
                f'mmcurv.PaCoLoss, got {type(self.head.loss_module).__name__}.'
            )
        width = self.head.in_channels
        self.momentum = momentum
        self.projector = nn.Sequential(
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, feature_dim))
        self.key_encoder = copy.deepcopy(self._query_encoder())
        self.key_encoder.requires_grad_(False)
        self.queue = KeyQueue(queue_size, feature_dim)

    def init_weights(self) -> None:
        """Start anew, with a key encoder that equals that of the queries."""
        super().init_weights()
        self.key_encoder.load_state_dict(self._query_encoder().state_dict())

    def loss(self, inputs: List[Tensor],
             data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """One step, see the class.

        Args:
            inputs (list[Tensor]): Two views, (B, ...) each.
            data_samples (list[DataSample]): Their samples.

        Returns:
            dict[str, Tensor]: With the key ``loss``.

        Raises:
            ValueError: If there are not two views.
        """
        first, second = _two_views(inputs)
        features = self.extract_feat(first)
        scores = self.head(features)  # (B, C)
        queries = self.projector(self.head.pre_logits(features))
        queries = F.normalize(queries, dim=1)  # (B, d)
        keys = self._keys(second)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        loss = self.head.loss_module(scores, labels, queries, keys,
                                     self.queue.keys, self.queue.labels)
        if self.training:
            self.queue.push(keys, labels)
        return dict(loss=loss)

    @torch.no_grad()
    def _keys(self, images: Tensor) -> Tensor:
        """(B, d) unit vectors."""
        if self.training:
            follow(self.key_encoder, self._query_encoder(), self.momentum)
        features = self.key_encoder['backbone'](images)
        if self.with_neck:
            features = self.key_encoder['neck'](features)
        features = self.head.pre_logits(features)
        return F.normalize(self.key_encoder['projector'](features), dim=1)

    def _query_encoder(self) -> nn.ModuleDict:
        parts = dict(backbone=self.backbone, projector=self.projector)
        if self.with_neck:
            parts['neck'] = self.neck
        return nn.ModuleDict(parts)


def _two_views(inputs: Any) -> List[Tensor]:
    if isinstance(inputs, (list, tuple)) and len(inputs) == 2:
        return inputs
    got = 'one' if isinstance(inputs, Tensor) else len(inputs)
    raise ValueError(
        f'PaCo expected two views of each image, got {got}. Give the train '
        "pipeline a dict(type='MultiView', num_views=[1, 1], transforms=[..., "
        '...]) before PackInputs.')
