# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a batch can go into a feature pool; errors say why not."""
from typing import Optional

import torch
from torch import Tensor


def check_features(features: Tensor, width: int) -> None:
    """Raise ValueError unless features have shape (B, width)."""
    if features.dim() != 2 or features.shape[1] != width:
        raise ValueError(f'features must have shape (B, {width}), got '
                         f'{tuple(features.shape)}.')


def as_integers(name: str, values: Tensor, rows: int) -> Tensor:
    """A column of integers, shape (rows,), wherever it lives.

    Raises:
        TypeError: If they are no integers.
        ValueError: If the shape is another.
    """
    values = torch.as_tensor(values)
    if values.is_floating_point() and values.numel():
        raise TypeError(f'{name} must be integers, got {values.dtype}.')
    if values.shape != (rows, ):
        raise ValueError(f'{name} must have shape ({rows},), '
                         f'got {tuple(values.shape)}.')
    return values


def given_indices(indices: Optional[Tensor], rows: int) -> Tensor:
    """The images' numbers, which a pool with addressing='index' needs."""
    if indices is None:
        raise ValueError("addressing='index' needs the images' indices; "
                         "pass them or build the pool with "
                         "addressing='fifo'.")
    return as_integers('indices', indices, rows)


def check_labels(labels: Tensor, capacity: Tensor) -> None:
    """Raise ValueError unless labels (B,) are classes with slots, (C,)."""
    classes = len(capacity)
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        raise ValueError(
            f'labels must lie in [0, {classes}), the classes the pool '
            f'was built for; got {labels[outside][:5].tolist()}.')
    absent = capacity[labels] == 0
    if absent.any():
        raise ValueError(
            'class_counts gives 0 images to the classes '
            f'{labels[absent].unique().tolist()[:5]}, but the batch '
            'holds some. Give the counts of the training set in use.')


def check_indices(indices: Tensor, images: int) -> None:
    """Raise ValueError unless indices (B,) lie in [0, images)."""
    outside = (indices < 0) | (indices >= images)
    if outside.any():
        raise ValueError(
            f'indices must lie in [0, {images}), the number of images in '
            f'class_counts; got {indices[outside][:5].tolist()}. Number '
            "the images of the set in use from 0, or take "
            "addressing='fifo'.")


def check_labels_agree(others: Tensor, labels: Tensor,
                       indices: Tensor) -> None:
    """Raise ValueError if an image has two labels; each (B,)."""
    wrong = others != labels
    if wrong.any():
        i = wrong.nonzero()[0, 0].item()
        raise ValueError(
            f'image {indices[i].item()} came with label '
            f'{labels[i].item()} and with label {others[i].item()}. Two '
            'images share an index (a concatenation of data sets?) or '
            "labels change; take addressing='fifo'.")
