# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels of a second batch, in the fields of the samples of the first.

A network of two branches trains on two batches at once. The data samples of a
step stay those of the first batch, so that whatever reads ``gt_label`` or the
number of an image sees that batch alone; ``second_label`` of the i-th sample
is the label of the i-th image of the second batch.
"""
from typing import Any, Optional, Sequence

import torch
from torch import Tensor

LABEL_FIELD = 'second_label'


def mark_second(data_samples: Sequence[Any], labels: Tensor) -> None:
    """Write the labels of the second batch into the samples of the first.

    Args:
        data_samples (Sequence[DataSample]): B samples, in place.
        labels (Tensor): (B,) labels of the second batch.

    Raises:
        ValueError: If there is not one label per sample.
    """
    if len(labels) != len(data_samples):
        raise ValueError(
            f'expected {len(data_samples)} labels of the second batch, one '
            f'per image of the first, got {len(labels)}.')
    for sample, label in zip(data_samples, labels):
        sample.set_field(label.reshape(1).long(), LABEL_FIELD)


def read_second(data_samples: Sequence[Any]) -> Optional[Tensor]:
    """Labels of the second batch.

    Args:
        data_samples (Sequence[DataSample]): B samples of the first batch.

    Returns:
        Tensor | None: (B,) int64; None if no sample was marked.

    Raises:
        RuntimeError: If some were and others not.
    """
    labels = [sample.get(LABEL_FIELD) for sample in data_samples]
    missing = sum(label is None for label in labels)
    if missing == len(labels):
        return None
    if missing:
        raise RuntimeError(
            'expected every sample of the batch with a second_label or none, '
            f'got {missing} of {len(labels)} without it.')
    return torch.cat(labels)
