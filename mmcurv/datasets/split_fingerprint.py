# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A hash that tells whether two runs used the same images and labels."""
import hashlib
import json
from typing import Any, Iterator

import numpy as np
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from torch.utils.data import ConcatDataset

from .dataset_labels import LABEL_KEYS, dataset_labels
from .walk import walk_datasets

PATH_KEYS = ('img_path', 'filename', 'frame_dir')


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
    if not hasattr(dataset, 'get_data_info'):
        for label in dataset_labels(dataset).tolist():
            yield [None, label]
        return
    roots = _roots(dataset)
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        yield [_item_name(info, roots), _item_label(info)]


def _item_name(info: dict, roots: list) -> Any:
    for key in PATH_KEYS:
        if isinstance(info.get(key), str):
            return _relative(info[key], roots)
    if isinstance(info.get('img'), np.ndarray):
        image = np.ascontiguousarray(info['img'])
        head = f'{image.dtype.str}{image.shape}'.encode()
        return hashlib.sha256(head + image.tobytes()).hexdigest()
    return None


def _item_label(info: dict) -> Any:
    for key in LABEL_KEYS:
        if key in info:
            return np.asarray(info[key]).tolist()
    return None


def _roots(dataset: Any) -> list:
    """Folders that names are made relative to, preferred one first."""
    roots, prefixes = [], []
    for node in walk_datasets(dataset):
        roots.append(getattr(node, 'data_root', None))
        prefixes += (getattr(node, 'data_prefix', None) or {}).values()
    folders = [_posix(str(x)).rstrip('/') for x in roots + prefixes if x]
    return [folder for folder in folders if folder]


def _relative(path: str, roots: list) -> str:
    path = _posix(path)
    for root in roots:
        if path.startswith(root + '/'):
            return path[len(root):].lstrip('/')
    return path


def _posix(path: str) -> str:
    return path.replace('\\', '/')
