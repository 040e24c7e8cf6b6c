# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Both labels of a mixed image, in the fields of its data sample.

``gt_label`` stays the label of the main image. ``paired_label`` is that of
the image mixed into it, and ``paired_share`` is lambda, the share of the main
one. A soft label (``gt_score``) cannot say as much: a loss that is not linear
in the label (LDAM, GCL, focal, class-balanced) needs each label by itself.
"""
from typing import Any, NamedTuple, Optional, Sequence

import torch
from torch import Tensor

LABEL_FIELD = 'paired_label'
SHARE_FIELD = 'paired_share'


class Pairs(NamedTuple):
    """The labels of a mixed batch.

    Attributes:
        labels (Tensor): (B,) int64, of the main images.
        others (Tensor): (B,) int64, of the images mixed into them.
        share (float): Share of the main images, 0 to 1.
    """
    labels: Tensor
    others: Tensor
    share: float


def mark_pairs(data_samples: Sequence[Any], others: Tensor,
               share: float) -> None:
    """Write the second labels and the share of the first into the samples.

    Args:
        data_samples (Sequence[DataSample]): B samples, in place.
        others (Tensor): (B,) labels of the images mixed into theirs.
        share (float): Share of the main images, 0 to 1.

    Raises:
        ValueError: If there is not one label per sample, or the share is
            none.
    """
    if len(others) != len(data_samples) or not 0 <= share <= 1:
        raise ValueError(
            f'expected {len(data_samples)} labels, one per sample, and a '
            f'share from 0 to 1, got {len(others)} labels and {share}.')
    for sample, other in zip(data_samples, others):
        sample.set_field(other.reshape(1).long(), LABEL_FIELD)
        sample.set_field(float(share), SHARE_FIELD)


def clear_pairs(data_samples: Sequence[Any]) -> None:
    """Remove what :func:`mark_pairs` wrote, also from reused samples."""
    for sample in data_samples:
        sample.pop(LABEL_FIELD, None)
        sample.pop(SHARE_FIELD, None)


def read_pairs(data_samples: Sequence[Any]) -> Optional[Pairs]:
    """Both labels of a batch and the share of the first.

    Args:
        data_samples (Sequence[DataSample]): B samples with ``gt_label``.

    Returns:
        Pairs | None: None if no sample was marked.

    Raises:
        RuntimeError: If some were and others not, their shares differ, one
            has a soft label as well, or not one label.
    """
    shares = {sample.get(SHARE_FIELD) for sample in data_samples}
    if shares <= {None}:
        return None
    if len(shares) > 1:
        raise RuntimeError(
            'expected one share for all images of a batch, got '
            f'{sorted(shares - {None})}'
            f'{" and samples without one" if None in shares else ""}. Mix '
            'the whole batch with one lambda.')
    if any('gt_score' in sample for sample in data_samples):
        raise RuntimeError(
            'expected samples with two hard labels (paired_label), got soft '
            'ones (gt_score) as well. Use either a hook that pairs labels, or '
            'batch_augments and to_onehot of the data preprocessor.')
    labels = torch.cat([sample.gt_label for sample in data_samples])
    others = torch.cat([sample.get(LABEL_FIELD) for sample in data_samples])
    if len(labels) != len(data_samples):
        raise RuntimeError(
            f'expected one label per image, got {len(labels)} labels for '
            f'{len(data_samples)} images. Multi-label images are not paired.')
    return Pairs(labels, others.to(labels), shares.pop())
