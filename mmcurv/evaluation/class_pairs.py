# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""True and predicted class of evaluated data samples."""
from typing import List, Optional, Sequence, Tuple

import torch


def class_pairs(data_samples: Sequence[dict]) -> List[Tuple[int, int]]:
    """True and predicted class of each data sample.

    Args:
        data_samples (Sequence[dict]): Each with ``gt_label`` and either
            ``pred_label`` or ``pred_score``, (C,), as mmpretrain and
            mmaction2 give them.

    Returns:
        list[tuple[int, int]]: One pair per sample.

    Raises:
        ValueError: If a sample lacks these or has several labels.
    """
    if not data_samples:
        return []
    labels = [_one_class(sample, 'gt_label') for sample in data_samples]
    predictions = [_prediction(sample) for sample in data_samples]
    # Stacked first: one copy from the device, not two per sample.
    pairs = zip(
        torch.stack(labels).tolist(),
        torch.stack(predictions).tolist())
    return list(pairs)


def score_size(data_samples: Sequence[dict]) -> Optional[int]:
    """Number of scores in a sample; None without samples or scores."""
    for sample in data_samples:
        if 'pred_score' in sample:
            return sample['pred_score'].numel()
    return None


def _prediction(sample: dict) -> torch.Tensor:
    if 'pred_label' in sample:
        return _one_class(sample, 'pred_label')
    if 'pred_score' in sample:
        return sample['pred_score'].flatten().argmax()
    raise ValueError('expected pred_label or pred_score in each data sample, '
                     f'got {sorted(sample)}; is the model a classifier?')


def _one_class(sample: dict, key: str) -> torch.Tensor:
    if key not in sample:
        raise ValueError(f'expected {key} in each data sample, got '
                         f'{sorted(sample)}.')
    label = torch.as_tensor(sample[key])
    if label.numel() != 1:
        raise ValueError(
            f'expected one class per image, got {key} of shape '
            f'{tuple(label.shape)}; multi-label data has no class accuracy.')
    return label.reshape(())
