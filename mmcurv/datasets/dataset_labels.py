# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The integer label of every item of a dataset, through its wrappers."""
from typing import Any, Sequence

import numpy as np
from mmengine.dataset import BaseDataset, ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset, Subset

LABEL_KEYS = ('gt_label', 'label')


def dataset_labels(dataset: Any) -> np.ndarray:
    """Labels of a dataset, aligned with its items.

    Known wrappers (mmengine's and torch's ``ConcatDataset``, mmengine's
    ``RepeatDataset`` and ``ClassBalancedDataset``, torch's ``Subset``) are
    resolved first. Otherwise the first of these that the dataset has is
    asked: ``get_cat_ids(i)``, ``get_gt_labels()``, ``targets``, ``labels``,
    and the key ``gt_label`` or ``label`` of ``get_data_info(i)``. No image is
    loaded.

    Args:
        dataset: A dataset with one integer label per item.

    Returns:
        np.ndarray: (N,) int64 labels, ``N = len(dataset)``.

    Raises:
        TypeError: If the dataset offers no labels.
        ValueError: If an item has not exactly one label, or a label is not a
            non-negative integer.
    """
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([dataset_labels(d) for d in dataset.datasets])
    if isinstance(dataset, RepeatDataset):
        return np.tile(dataset_labels(dataset.dataset), dataset.times)
    if isinstance(dataset, ClassBalancedDataset):
        return dataset_labels(dataset.dataset)[dataset.repeat_indices]
    if isinstance(dataset, Subset):
        return dataset_labels(dataset.dataset)[np.asarray(dataset.indices)]
    return _checked(_stored_labels(dataset), dataset)


def _stored_labels(dataset: Any) -> Sequence:
    if _has_cat_ids(dataset):
        return [_cat_ids(dataset, i) for i in range(len(dataset))]
    if hasattr(dataset, 'get_gt_labels'):
        return dataset.get_gt_labels()
    for name in ('targets', 'labels'):
        if hasattr(dataset, name):
            return getattr(dataset, name)
    if hasattr(dataset, 'get_data_info') and len(dataset) > 0:
        first = dataset.get_data_info(0)
        for key in LABEL_KEYS:
            if key in first:
                return [
                    dataset.get_data_info(i)[key] for i in range(len(dataset))
                ]
    raise TypeError(
        f'{type(dataset).__name__} does not tell its labels: it has none of '
        'get_cat_ids, get_gt_labels, targets, labels, or a get_data_info '
        f'with one of the keys {LABEL_KEYS}. Give it get_gt_labels(), which '
        'returns the integer label of every item.')


def _has_cat_ids(dataset: Any) -> bool:
    # mmengine's base class has the method, but only to refuse.
    method = getattr(type(dataset), 'get_cat_ids', None)
    return method is not None and method is not BaseDataset.get_cat_ids


def _cat_ids(dataset: Any, index: int) -> Any:
    try:
        cat_ids = dataset.get_cat_ids(index)
    except (TypeError, ValueError):
        # mmpretrain's casts the label with int(), which fails on a one-hot
        # vector or a list.
        raise _not_one_label(dataset, index, 'a label that is no integer')
    if len(cat_ids) != 1:
        raise _not_one_label(dataset, index, f'labels {list(cat_ids)}')
    return cat_ids[0]


def _not_one_label(dataset: Any, index: int, found: str) -> ValueError:
    return ValueError(
        f'item {index} of {type(dataset).__name__} has {found}, but exactly '
        'one integer label per item is needed: multi-label datasets have no '
        'class counts in this sense.')


def _checked(labels: Sequence, dataset: Any) -> np.ndarray:
    """Turn labels into (N,) int64, or say which one is none."""
    if len(labels) == 0:
        return np.zeros(0, dtype=np.int64)
    try:
        array = np.asarray(labels)
    except ValueError:  # lists of different lengths
        array = None
    if array is None or array.ndim != 1 or array.dtype.kind not in 'iu':
        for i, label in enumerate(labels):
            kind = np.asarray(label).dtype.kind
            if np.ndim(label) != 0 or kind not in 'iu':
                raise _not_one_label(dataset, i, f'label {label!r}')
    if array.min() < 0:
        i = int(np.argmax(array < 0))
        raise ValueError(
            f'item {i} of {type(dataset).__name__} has label {array[i]}, but '
            'labels must be 0 or more. Remove unlabelled items first.')
    return array.astype(np.int64)
