# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training images of each class by the config alone, without data on disk."""
import functools
import json
from typing import Any, List, Optional, Tuple

from mmengine.config import Config

from mmcurv.datasets import class_counts, long_tailed_counts
from mmcurv.datasets.prepare import imagenet_lt_counts
from mmcurv.registry import DATASETS

# As published; the training sets but that of SVHN are balanced.
FULL_COUNTS = dict(
    CIFAR10=[5000] * 10,
    CIFAR100=[500] * 100,
    FashionMNIST=[6000] * 10,
    SVHN=[4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659])
BUNDLED = ('FashionMini', )


def train_counts(cfg: Config) -> Optional[List[int]]:
    """Training images of each class.

    Args:
        cfg (Config): With ``train_dataloader``.

    Returns:
        list[int] | None: (C,) for bundled data, for CIFAR, SVHN,
        Fashion-MNIST and ImageNet-LT, and for long-tailed parts of these;
        None for all else.
    """
    try:
        return _counts((cfg.get('train_dataloader') or {}).get('dataset'))
    except ValueError:  # the split cannot be cut; its training will say why
        return None


def _counts(dataset: Any) -> Optional[List[int]]:
    if not isinstance(dataset, dict):
        return None
    name = str(dataset.get('type')).rpartition('.')[2]
    if name in BUNDLED:
        built = dict(dataset, pipeline=[])
        return list(_built_counts(json.dumps(built, default=repr)))
    if name == 'LongTailed':
        full = _counts(dataset.get('dataset'))
        if full is None or dataset.get('counts') is not None:
            return dataset.get('counts')
        return long_tailed_counts(full, dataset.imbalance_factor,
                                  dataset.get('profile', 'exp'),
                                  dataset.get('max_count'))
    if name == 'InMemoryDataset':
        return _counts(dataset.get('dataset'))
    if not is_whole(dataset):
        return None
    if name == 'ImageNetLT':
        return imagenet_lt_counts()
    return FULL_COUNTS.get(name)


def is_whole(dataset: dict) -> bool:
    """Whether a dataset is a published train set and no part of it.

    Args:
        dataset (dict): Config of the dataset.

    Returns:
        bool: False, too, for a list of the user's own.
    """
    parts = [dataset.get(key) for key in ('indices', 'test_mode', 'ann_file')]
    return dataset.get('split', 'train') == 'train' and not any(parts)


@functools.lru_cache(maxsize=None)
def _built_counts(dataset: str) -> Tuple[int, ...]:
    return tuple(class_counts(DATASETS.build(json.loads(dataset))))
