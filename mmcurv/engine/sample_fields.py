# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels and image numbers in the data samples of mm projects."""
from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor

from mmcurv.datasets.paired_fields import read_pairs

MIXED_MODES = ('skip', 'dominant')


def get_labels(data_samples: Any) -> Tensor:
    """One class index per sample.

    Args:
        data_samples: A list of samples with a field ``gt_label`` of one
            integer, or an integer tensor (B,).

    Returns:
        Tensor: Shape (B,), int64.

    Raises:
        RuntimeError: If there is none, or not one per sample.
    """
    if isinstance(data_samples, Tensor) and data_samples.dim() == 1:
        return data_samples.long()
    if not data_samples:
        raise RuntimeError('expected data_samples with a gt_label each, got '
                           f'{data_samples!r}. The model must be called with '
                           'the data samples of a supervised data set.')
    labels = []
    for sample in data_samples:
        label = sample.get('gt_label') if hasattr(sample, 'get') else None
        if label is None:
            raise RuntimeError(
                'expected data samples with a field gt_label, got '
                f'{type(sample).__name__} without it. Class curvature needs '
                'a class per image: pack gt_label in the pipeline.')
        label = torch.as_tensor(label).reshape(-1)
        if label.numel() != 1:
            raise RuntimeError(
                f'expected one label per image, got {label.numel()}: '
                f'{label.tolist()}. Multi-label sets have no class manifold '
                'of their own.')
        labels.append(label)
    return torch.cat(labels).long()


def get_indices(data_samples: Any) -> Optional[Tensor]:
    """``sample_idx`` of every sample, (B,), or None if one has none."""
    if isinstance(data_samples, Tensor):
        return None
    indices = [
        sample.get('sample_idx') if hasattr(sample, 'get') else None
        for sample in data_samples
    ]
    return None if None in indices else torch.tensor(indices)


def split_mixed(data_samples: List[Any], labels: Tensor,
                mode: str) -> Tuple[Tensor, Tensor]:
    """Which rows to use, and with which label, where images are mixed.

    Mixup and CutMix leave ``gt_label`` at the label of the first image and
    write the mixture into ``gt_score``. They mix a batch as a whole, and an
    image mixed with one of its own class keeps a score of 1; so one image
    with a largest score below 1 makes all images with a score mixed ones.
    Hooks that keep both labels (mixup of GCL, CMO) mark all images of a mixed
    batch, see :mod:`~mmcurv.datasets.paired_fields`.

    Args:
        data_samples: The samples.
        labels (Tensor): Shape (B,), their ``gt_label``.
        mode (str): 'skip' drops mixed images, 'dominant' gives them the
            class with the largest share.

    Returns:
        tuple: Kept rows (B,) bool, in main memory, and labels (B,).
    """
    kept = torch.ones(len(labels), dtype=torch.bool, device='cpu')
    if isinstance(data_samples, Tensor):
        return kept, labels
    pairs = read_pairs(data_samples)
    if pairs is None:
        return _split_by_score(data_samples, labels, mode)
    if mode == 'skip':
        return ~kept, labels
    return kept, labels if pairs.share >= 0.5 else pairs.others.to(labels)


def _split_by_score(data_samples: List[Any], labels: Tensor,
                    mode: str) -> Tuple[Tensor, Tensor]:
    scores = [sample.get('gt_score') for sample in data_samples]
    kept = torch.ones(len(labels), dtype=torch.bool, device='cpu')
    rows = [i for i, score in enumerate(scores) if score is not None]
    if not rows:
        return kept, labels
    share, largest = torch.stack([scores[i] for i in rows]).max(1)
    mixed = (share < 1 - 1e-6).to(labels.device)
    if mode == 'skip':
        kept[rows] = not mixed.any()
        return kept, labels
    labels = labels.clone()
    labels[rows] = torch.where(mixed, largest.to(labels), labels[rows])
    return kept, labels
