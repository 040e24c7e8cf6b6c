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
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.models.feature_queue import FeatureQueue
from mmcurv.models.losses import PaCoLoss
from mmcurv.registry import MODELS


@MODELS.register_module()
class ViewsPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, also for a list of views.

    mmpretrain's ``MultiView`` gives each image as a list of V views, which
    mmengine's collate functions make a list of V batches. Each of these is
    normalized by itself. Images without views are treated as ever.

    Args:
        **kwargs: Of ``ClsDataPreprocessor``, except those that make soft
            labels.

    Raises:
        ValueError: If labels would be soft: two views mixed with different
            images have no label in common.
    """

    def __init__(self, **kwargs):
        for name in ('batch_augments', 'to_onehot'):
            if kwargs.get(name):
                raise ValueError(
                    f'{name} makes soft labels, but views of an image have '
                    f'the one hard label of the image. Remove {name}.')
        super().__init__(**kwargs)

    def forward(self, data: dict, training: bool = False) -> Dict[str, Any]:
        """Normalize a batch.

        Args:
            data (dict): Of the loader.
            training (bool): Whether it is for training. Defaults to False.

        Returns:
            dict: ``inputs`` are (B, ...), or a list of V such batches, and
            ``data_samples``.
        """
        inputs = data['inputs']
        if isinstance(inputs, Tensor) or getattr(inputs[0], 'ndim', 4) == 3:
            return super().forward(data, training)
        done = [
            super(ViewsPreprocessor,
                  self).forward(dict(data, inputs=view), training)
            for view in inputs
        ]
        return dict(done[0], inputs=[each['inputs'] for each in done])


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
        *args: Of ``ImageClassifier``, whose head is a linear one with
            ``in_channels`` and a :class:`~mmcurv.models.PaCoLoss`.
        queue_size (int): Keys in the queue. Defaults to 1024.
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
    """

    def __init__(self,
                 *args,
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
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)
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
        self.queue = FeatureQueue(queue_size, feature_dim, 'keys')

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
        if isinstance(inputs, Tensor) or len(inputs) != 2:
            got = 'one' if isinstance(inputs, Tensor) else len(inputs)
            raise ValueError(
                f'PaCo expected two views of each image, got {got}. Give the '
                "train pipeline a dict(type='MultiView', num_views=[1, 1], "
                'transforms=[..., ...]) before PackInputs.')
        first, second = inputs
        features = self.extract_feat(first)
        scores = self.head(features)  # (B, C)
        queries = self.projector(self.head.pre_logits(features))
        queries = F.normalize(queries, dim=1)  # (B, d)
        keys = self._keys(second)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        loss = self.head.loss_module(scores, labels, queries, keys,
                                     self.queue.rows, self.queue.labels)
        if self.training:
            self.queue.push(keys, labels)
        return dict(loss=loss)

    @torch.no_grad()
    def _keys(self, images: Tensor) -> Tensor:
        """(B, d) unit vectors."""
        if self.training:
            for slow, fast in zip(self.key_encoder.parameters(),
                                  self._query_encoder().parameters()):
                slow.mul_(self.momentum).add_(fast, alpha=1 - self.momentum)
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
