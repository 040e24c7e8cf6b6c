# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""OFA: rare classes learn from maps fused with those of frequent ones.

Chu et al., *Feature Space Augmentation for Long-Tailed Data*, 2020. No code
of the authors is known; where the paper leaves something open, the docstring
says "our reading".
"""
from typing import Any, Dict, List

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmcurv.registry import MODELS

UNKNOWN = -1  # class in the table of a class that has no partners


def class_activation(maps: Tensor, weight: Tensor) -> Tensor:
    """How much each position speaks for one class, from 0 to 1.

    Zhou et al., *Learning Deep Features for Discriminative Localization*,
    2016: the weighted sum of the channels. Our reading: of every map, the
    smallest value becomes 0 and the largest 1; a constant one becomes 0.

    Args:
        maps (Tensor): (B, p, H, W) last feature maps.
        weight (Tensor): (B, p) classifier weights of the class of each map.

    Returns:
        Tensor: (B, H, W).
    """
    raw = torch.einsum('bphw,bp->bhw', maps, weight)
    low = raw.amin((1, 2), keepdim=True)
    spread = raw.amax((1, 2), keepdim=True) - low
    scaled = (raw - low) / spread
    return torch.where(spread > 0, scaled, torch.zeros_like(raw))


def fuse_maps(tail: Tensor, head: Tensor, specific: Tensor, generic: Tensor,
              from_tail: Tensor) -> Tensor:
    """What is specific of one map, and generic of another.

    Positions that are neither are zero. Our reading: one mask for all
    channels.

    Args:
        tail (Tensor): (B, p, H, W) maps of rare classes.
        head (Tensor): (B, p, H, W) maps of frequent ones.
        specific (Tensor): (B, H, W) bool, what of ``tail`` is of its class.
        generic (Tensor): (B, H, W) bool, what of ``head`` is of no class.
        from_tail (Tensor): (B, H, W) bool, where to take ``tail``.

    Returns:
        Tensor: (B, p, H, W).
    """
    ours = (from_tail & specific).unsqueeze(1)
    theirs = (~from_tail & generic).unsqueeze(1)
    return ours * tail + theirs * head


def random_gate(number: int, height: int, width: int,
                device: torch.device) -> Tensor:
    """Positions where a uniform number is above a threshold, itself uniform.

    Our reading: one threshold for each map.

    Args:
        number (int): Maps B.
        height (int): H.
        width (int): W.
        device (torch.device): Whose generator is used.

    Returns:
        Tensor: (B, H, W) bool.
    """
    threshold = torch.rand(number, 1, 1, device=device)
    return torch.rand(number, height, width, device=device) > threshold


@MODELS.register_module()
class OFAClassifier(ImageClassifier):
    """mmpretrain's ``ImageClassifier`` with both phases of OFA.

    With ``augment=False`` it is that class: phase I. With ``augment=True`` it
    fine-tunes, on groups of :class:`~mmcurv.datasets.TailPartnerSampler`: each
    tail image is fused with each of its partners, at positions drawn at
    random, where the tail image's class activation is above ``specific`` and
    the partner's, for the partner's own class, is below ``generic``. A fused
    map has the label of its tail image, every image its own, and all of them
    count alike in the loss of the head. Freeze the backbone.

    Our reading: class activations are those of the classifier of phase I, so
    that they do not move with the one that is fine-tuned.
    ``mmcurv.ConfusingClassesHook`` keeps its weights and the table of
    confused classes in the state dict.

    Args:
        *args: Of ``ImageClassifier``: the last map of its backbone is
            augmented, its neck a pooling, ``fc`` of its head linear.
        augment (bool): Whether this is phase II. Defaults to False.
        num_fused (int): Fused maps of each tail image, N_a. Defaults to 3.
        num_confusing (int): Head classes that each tail class is confused
            with, N_f. Defaults to 3.
        specific (float): Class activations above are specific. Defaults to
            0.8.
        generic (float): Class activations below are generic. Defaults to 0.2.
        **kwargs: Further arguments of ``ImageClassifier``.

    Raises:
        TypeError: If the classifier is not linear.
        ValueError: If a number is out of its range.

    Examples:
        >>> model = dict(type='mmcurv.OFAClassifier', augment=True)
    """

    def __init__(self,
                 *args,
                 augment: bool = False,
                 num_fused: int = 3,
                 num_confusing: int = 3,
                 specific: float = 0.8,
                 generic: float = 0.2,
                 **kwargs):
        if num_fused < 1 or num_confusing < 1:
            raise ValueError('expected num_fused and num_confusing of at '
                             f'least 1, got {num_fused} and {num_confusing}.')
        if not 0 <= generic <= specific <= 1:
            raise ValueError('expected 0 <= generic <= specific <= 1, got '
                             f'{generic} and {specific}.')
        super().__init__(*args, **kwargs)
        fc = getattr(self.head, 'fc', None)
        if not isinstance(fc, nn.Linear):
            raise TypeError(
                'OFAClassifier expected a head with a linear layer fc, whose '
                f'weights make class activations, got {type(fc).__name__}.')
        self.augment = augment
        self.num_fused = num_fused
        self.num_confusing = num_confusing
        self.specific = specific
        self.generic = generic
        self.register_buffer(
            'confusing', torch.full((fc.out_features, num_confusing), UNKNOWN))
        self.register_buffer('activation_weight',
                             torch.zeros_like(fc.weight.detach()))

    def set_confusing(self, table: Any) -> None:
        """Begin phase II: keep the table, and the weights as they are now.

        Args:
            table (Tensor): (C, N_f) head classes of each tail class, -1 in
                the rows of head classes.
        """
        self.confusing.copy_(torch.as_tensor(table))
        self.activation_weight.copy_(self.head.fc.weight.detach())

    def loss(self, inputs: Tensor,
             data_samples: List[DataSample]) -> Dict[str, Tensor]:
        """The loss of the head, on images and in phase II on fused maps, too.

        Args:
            inputs (Tensor): (B, ...) images.
            data_samples (list[DataSample]): Their samples.

        Returns:
            dict[str, Tensor]: With the key ``loss``.

        Raises:
            ValueError: If the batch of phase II is not one of groups.
        """
        if not self.augment:
            return super().loss(inputs, data_samples)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        self._check_groups(labels)
        maps = self.backbone(inputs)[-1]  # (B, p, H, W)
        fused, fused_labels = self._fuse(maps, labels)
        features = (torch.cat([maps, fused]), )
        if self.with_neck:
            features = self.neck(features)
        scores = self.head(features)
        target = torch.cat([labels, fused_labels])
        loss = self.head.loss_module(scores, target, avg_factor=len(scores))
        return dict(loss=loss)

    def _fuse(self, maps: Tensor, labels: Tensor):
        """(G N_a, p, H, W) fused maps of G groups, and their labels."""
        active = class_activation(maps, self.activation_weight[labels])
        size = self.num_fused + 2
        grouped = maps.unflatten(0, (-1, size))
        active = active.unflatten(0, (-1, size))
        partner = slice(1, 1 + self.num_fused)
        tail, tail_active = (
            each[:, :1].expand_as(each[:, partner]).flatten(0, 1)
            for each in (grouped, active))
        head, head_active = (
            each[:, partner].flatten(0, 1) for each in (grouped, active))
        gate = random_gate(len(tail), *maps.shape[2:], maps.device)
        fused = fuse_maps(tail, head, tail_active > self.specific, head_active
                          < self.generic, gate)
        return fused, labels[::size].repeat_interleave(self.num_fused)

    def _check_groups(self, labels: Tensor) -> None:
        size = self.num_fused + 2
        if len(labels) % size == 0:
            groups = labels.view(-1, size)
            wanted = self.confusing[groups[:, 0]]  # (G, N_f)
            partners = groups[:, 1:1 + self.num_fused]
            known = (partners[:, :, None] == wanted[:, None]).any(-1)
            if known.all() and (self.confusing[groups[:, -1]] < 0).all():
                return
        raise ValueError(
            f'OFA expected groups of {size} images, one of a tail class, '
            f'{self.num_fused} of classes it is confused with and one of '
            f'another head class, got {len(labels)} images without that '
            'order. Train with mmcurv.TailPartnerSampler of the same '
            'num_fused, a batch_size that is a multiple of the group, and '
            'mmcurv.ConfusingClassesHook.')
