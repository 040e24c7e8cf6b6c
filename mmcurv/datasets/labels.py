# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The labels of a dataset through its wrappers: of each item, the number of
each class, and a hash that tells whether two runs used the same ones."""
import hashlib
import json
from numbers import Real
from typing import Any, Iterator, List, Optional, Sequence

import numpy as np
from mmengine.dataset import BaseDataset, ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset, Subset

LABEL_KEYS = ('gt_label', 'label')
PATH_KEYS = ('img_path', 'filename', 'frame_dir')


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
    """Labels as the dataset itself tells them."""
    # mmengine's base class has the method, but only to refuse.
    method = getattr(type(dataset), 'get_cat_ids', None)
    if method is not None and method is not BaseDataset.get_cat_ids:
        return [_cat_id(dataset, i) for i in range(len(dataset))]
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


def _cat_id(dataset: Any, index: int) -> Any:
    """The one label of an item."""
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


def class_counts(dataset: Any, num_classes: Optional[int] = None) -> List[int]:
    """Count the images of each class.

    Images are counted, not how often a sampler or wrapper shows them:
    ``RepeatDataset`` and ``ClassBalancedDataset`` have the counts of the
    dataset under them, of one pass over distinct images. A ``ConcatDataset``
    has the sum of its members.

    Args:
        dataset: A dataset with one integer label per item: ``LongTailed``, a
            wrapper of mmengine, or anything that :func:`dataset_labels`
            reads.
        num_classes (int, optional): Number of classes C. Defaults to None,
            which takes the number of names in ``metainfo['classes']``, or
            where there are none the largest label plus one.

    Returns:
        list[int]: (C,) counts; 0 for a class that is absent.

    Raises:
        TypeError: If the dataset does not tell its labels.
        ValueError: If an item has not exactly one non-negative integer label,
            a label is not below C, or the labels are no numbers of classes.
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
        ValueError: If a label is not below C, or, where C is not known, the
            labels are at most half of the numbers below the largest: they are
            ids then, and no numbers of classes.
    """
    largest = int(labels.max(initial=-1))
    if num_classes is None:
        different = len(np.unique(labels))
        if 2 * different <= largest:
            raise ValueError(
                f'expected classes numbered from 0, but the {different} '
                f'different labels go up to {largest}: they look like ids. '
                'Number the classes 0 to C-1, or name all classes in '
                'metainfo.')
    elif largest >= num_classes:
        raise ValueError(
            f'the dataset has label {largest}, but only {num_classes} '
            f'classes, 0 to {num_classes - 1}. Raise num_classes, or name all '
            'classes in metainfo; ids of classes have to be numbered.')
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


def split_fingerprint(dataset: Any) -> str:
    """Fingerprint the items of a dataset and their order.

    Two datasets have one fingerprint if they hold the same items with the
    same labels in the same order. An item stands for itself by its file name
    relative to ``data_root`` (or to the prefix, where there is no
    ``data_root``), or, if the image is held in memory, by its pixels. Where
    the folder lies, the pipeline, the class names and the machine do not
    enter, and no image file is opened. A dataset without ``get_data_info`` is
    known by its labels alone.

    Args:
        dataset: Any dataset or wrapper. One that has a ``fingerprint`` of its
            own, such as ``LongTailed``, gives that.

    Returns:
        str: SHA-256, 64 hexadecimal digits.

    Raises:
        TypeError: If the dataset tells neither data infos nor labels.
    """
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    if hasattr(dataset, 'fingerprint'):
        return dataset.fingerprint
    if isinstance(dataset, ConcatDataset):
        members = [split_fingerprint(d) for d in dataset.datasets]
        return hash_record(['concat', *members])
    if isinstance(dataset, RepeatDataset):
        inner = split_fingerprint(dataset.dataset)
        return hash_record(['repeat', int(dataset.times), inner])
    if isinstance(dataset, ClassBalancedDataset):
        inner = split_fingerprint(dataset.dataset)
        return hash_record(['positions', list(dataset.repeat_indices), inner])
    return hash_items(dataset)


def hash_record(record: Any) -> str:
    """SHA-256 of the JSON form of lists, dicts, strings and numbers."""
    text = json.dumps(record, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_items(dataset: Any) -> str:
    """SHA-256 over the items of a dataset in their order, one line each."""
    digest = hashlib.sha256()
    for item in _items(dataset):
        digest.update(json.dumps(item, sort_keys=True).encode() + b'\n')
    return digest.hexdigest()


def _items(dataset: Any) -> Iterator[list]:
    """Name and label of each item."""
    if not hasattr(dataset, 'get_data_info'):
        for label in dataset_labels(dataset).tolist():
            yield [None, label]
        return
    roots = _roots(dataset)
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        label = next((info[key] for key in LABEL_KEYS if key in info), None)
        yield [_item_name(info, roots), np.asarray(label).tolist()]


def _item_name(info: dict, roots: List[str]) -> Optional[str]:
    """File name relative to the first root that it starts with, or a hash of
    the pixels."""
    for key in PATH_KEYS:
        if isinstance(info.get(key), str):
            path = info[key].replace('\\', '/')
            for root in roots:
                if path.startswith(root + '/'):
                    return path[len(root):].lstrip('/')
            return path
    if isinstance(info.get('img'), np.ndarray):
        image = np.ascontiguousarray(info['img'])
        head = f'{image.dtype.str}{image.shape}'.encode()
        return hashlib.sha256(head + image.tobytes()).hexdigest()
    return None


def _roots(dataset: Any) -> List[str]:
    """Folders that names are made relative to, preferred one first."""
    roots, prefixes = [], []
    for node in walk_datasets(dataset):
        roots.append(getattr(node, 'data_root', None))
        prefixes += (getattr(node, 'data_prefix', None) or {}).values()
    folders = [
        str(x).replace('\\', '/').rstrip('/') for x in roots + prefixes if x
    ]
    return [folder for folder in folders if folder]


def walk_datasets(dataset: Any) -> Iterator[Any]:
    """Yield a dataset and, depth first, everything that it wraps."""
    yield dataset
    if hasattr(dataset, 'datasets'):
        inner = dataset.datasets
    else:
        inner = [dataset.dataset] if hasattr(dataset, 'dataset') else []
    for wrapped in inner:
        yield from walk_datasets(wrapped)


def check_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse an option that is no whole number, such as nan.

    Args:
        name (str): Of the option, for the message.
        value: That was given.
        least (int): The smallest that is taken. Defaults to 1.

    Raises:
        ValueError: If it is no whole number, or smaller.
    """
    if not isinstance(value, Real) or value % 1 != 0 or value < least:
        raise ValueError(f'{name} must be a whole number of at least {least}, '
                         f'but got {value!r}.')
