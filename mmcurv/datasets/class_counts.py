# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Number of training images of each class, through dataset wrappers."""
from typing import Any, List, Optional

import numpy as np
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset

from .dataset_labels import dataset_labels


def class_counts(dataset: Any, num_classes: Optional[int] = None) -> List[int]:
    """Count the images of each class.

    Images are counted, not how often a sampler or wrapper shows them:
    ``RepeatDataset`` and ``ClassBalancedDataset`` have the counts of the
    dataset under them, of one pass over distinct images. A ``ConcatDataset``
    has the sum of its members.

    Args:
        dataset: A dataset with one integer label per item: ``LongTailed``, a
            wrapper of mmengine, or anything that
            :func:`~mmcurv.datasets.dataset_labels.dataset_labels` reads.
        num_classes (int, optional): Number of classes C. Defaults to None,
            which takes the number of names in ``metainfo['classes']``, or
            where there are none the largest label plus one.

    Returns:
        list[int]: (C,) counts; 0 for a class that is absent.

    Raises:
        TypeError: If the dataset does not tell its labels.
        ValueError: If an item has not exactly one non-negative integer label,
            or a label is not below C.
    """
    labels = _distinct_labels(dataset)
    return count_labels(labels, num_classes or named_classes(dataset))


def count_labels(labels: np.ndarray,
                 num_classes: Optional[int] = None) -> List[int]:
    """Count each label.

    Args:
        labels (np.ndarray): (N,) integers of at least 0.
        num_classes (int, optional): C. Defaults to None, which is the largest
            label plus one.

    Returns:
        list[int]: (C,) counts.

    Raises:
        ValueError: If a label is not below C.
    """
    largest = int(labels.max(initial=-1))
    if num_classes is not None and largest >= num_classes:
        raise ValueError(
            f'the dataset has label {largest}, but only {num_classes} '
            f'classes, 0 to {num_classes - 1}. Raise num_classes, or name all '
            'classes in metainfo.')
    return np.bincount(labels, minlength=num_classes or 0).tolist()


def named_classes(dataset: Any) -> Optional[int]:
    """Number of names in ``metainfo['classes']``, None where there are none.
    """
    metainfo = getattr(dataset, 'metainfo', None) or {}
    return len(metainfo.get('classes') or ()) or None


def _distinct_labels(dataset: Any) -> np.ndarray:
    """Labels with each image once, wherever a wrapper repeats it."""
    if isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
        return _distinct_labels(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([_distinct_labels(d) for d in dataset.datasets])
    return dataset_labels(dataset)
