# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels of a batch, checked before the model meets them.

A loss on the CPU names a label outside its range but not the range, and on a
GPU ends the process with an assertion that names neither.
"""
from typing import Any

from torch import Tensor

from mmcurv.samples import get_indices, get_labels

SHOWN = 5


def check_labels(data_batch: Any, num_classes: int) -> None:
    """Raise if a label of a batch is outside the range.

    Nothing is done where labels are on a device, which would have to be
    waited for, or where the batch does not show them.

    Args:
        data_batch: What a data loader gave, as a rule a dict with
            ``data_samples``.
        num_classes (int): C.

    Raises:
        ValueError: If a label is not in [0, C).
    """
    samples = data_batch.get('data_samples') if isinstance(data_batch,
                                                           dict) else None
    try:
        labels = get_labels(samples)
    except (RuntimeError, TypeError):  # the step says what it misses
        return
    if labels.device.type != 'cpu' or not len(labels):
        return
    if labels.min() >= 0 and labels.max() < num_classes:
        return
    outside = ((labels < 0) | (labels >= num_classes)).nonzero()[:, 0]
    raise ValueError(
        f'expected labels in [0, {num_classes}), the {num_classes} classes of '
        f'the train set, got {labels[outside][:SHOWN].tolist()}'
        f'{_whose(samples, outside)}. Correct the labels or the pipeline that '
        'changes them, and resume: the checkpoints of this run are whole.')


def _whose(samples: Any, rows: Tensor) -> str:
    indices = get_indices(samples)
    if indices is None:
        return ''
    numbers = ', '.join(map(str, indices[rows][:SHOWN].tolist()))
    return f' for the images with sample_idx {numbers}'
