# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Thin a training set to a long tail."""
from typing import Any, List, Optional, Sequence, Union

import numpy as np
from mmengine.dataset import force_full_init

from mmcurv.registry import DATASETS
from .class_counts import count_labels, named_classes
from .dataset_labels import dataset_labels
from .long_tailed_split import check_counts, kept_positions, long_tailed_counts
from .sample_idx import get_sample_idx, set_sample_idx
from .split_fingerprint import hash_items, hash_record
from .walk import walk_datasets

TEST_SPLITS = ('test', 'val', 'valid', 'validation')
MAX_REFETCH = 1000


@DATASETS.register_module()
class LongTailed:
    """A long-tailed part of a training set with integer labels.

    Either the classes shrink along a profile to 1/imbalance_factor of the
    largest, or their sizes are given. The kept images are those of the
    published CIFAR-LT splits for the same seed (see
    :mod:`~mmcurv.datasets.long_tailed_split`). They follow each other class
    by class, so the loader must shuffle. An item's ``sample_idx`` is its
    position here, 0 to N-1.

    Args:
        dataset (dict | Dataset): Config or instance of a training set: any
            mmengine dataset, or a wrapper of one.
        imbalance_factor (float, optional): Largest over smallest class, at
            least 1. Either this or ``counts`` must be given. Defaults to
            None.
        counts (Sequence[int], optional): (C,) images to keep of each class.
            Defaults to None.
        profile (str): ``'exp'`` or ``'step'``. Defaults to 'exp'.
        seed (int): Seed of the draw. Defaults to 0.
        max_count (int, optional): Images kept of the largest class. Defaults
            to None, which is the size of the largest class of ``dataset``.
        lazy_init (bool): Whether to wait with reading the annotations.
            Defaults to False.

    Raises:
        TypeError: If ``dataset`` is neither a config nor a dataset.
        ValueError: If ``dataset`` is a test set, if both or neither of
            ``imbalance_factor`` and ``counts`` are given, or if the split
            cannot be cut: see ``long_tailed_counts`` and ``check_counts``.

    Examples:
        >>> train_dataset = dict(
        ...     type='mmcurv.LongTailed',
        ...     imbalance_factor=100,
        ...     dataset=dict(type='CIFAR10', data_root='data/cifar10'))
    """

    def __init__(self,
                 dataset: Union[dict, Any],
                 imbalance_factor: Optional[float] = None,
                 counts: Optional[Sequence[int]] = None,
                 profile: str = 'exp',
                 seed: int = 0,
                 max_count: Optional[int] = None,
                 lazy_init: bool = False):
        _check_arguments(imbalance_factor, counts, profile, max_count)
        if isinstance(dataset, dict):
            dataset = DATASETS.build(dataset)
        if not hasattr(dataset, '__getitem__'):
            raise TypeError('dataset must be a config dict or a dataset, but '
                            f'got {type(dataset).__name__}.')
        _refuse_test_set(dataset)
        self.dataset = dataset
        self.imbalance_factor = imbalance_factor
        self.profile = profile if counts is None else 'given'
        self.seed = seed
        self.max_count = max_count
        self._given_counts = counts
        self._fingerprint = None
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the annotations and draw the split."""
        if self._fully_initialized:
            return
        labels = dataset_labels(self.dataset)  # (N_full,)
        full_counts = count_labels(labels, named_classes(self.dataset))
        if self._given_counts is None:
            self._counts = long_tailed_counts(full_counts,
                                              self.imbalance_factor,
                                              self.profile, self.max_count)
        else:
            self._counts = check_counts(self._given_counts, full_counts)
        self._positions = kept_positions(labels, self._counts, self.seed)
        self._labels = labels[self._positions]
        self._fully_initialized = True

    @property
    @force_full_init
    def counts(self) -> List[int]:
        """list[int]: (C,) images kept of each class."""
        return list(self._counts)

    @property
    @force_full_init
    def positions(self) -> np.ndarray:
        """np.ndarray: (N,) int64, where each item lies in ``dataset``."""
        return self._positions.copy()

    @property
    @force_full_init
    def fingerprint(self) -> str:
        """str: SHA-256 of the kept items, their labels, their positions in
        the full set, the counts, the seed and the profile."""
        if self._fingerprint is None:
            self._fingerprint = hash_record(
                dict(
                    items=hash_items(self),
                    positions=self._positions.tolist(),
                    counts=self._counts,
                    seed=int(self.seed),
                    profile=self.profile))
        return self._fingerprint

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the wrapped dataset."""
        return self.dataset.metainfo

    @property
    def CLASSES(self) -> Optional[Sequence[str]]:
        """Sequence[str] | None: Names of the classes."""
        return self.metainfo.get('classes')

    @force_full_init
    def get_gt_labels(self) -> np.ndarray:
        """Labels of all items, (N,) int64."""
        return self._labels.copy()

    @force_full_init
    def get_cat_ids(self, idx: int) -> List[int]:
        """The one label of an item, in a list."""
        return [int(self._labels[idx])]

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Annotation of an item, with ``sample_idx`` counted here."""
        info = self.dataset.get_data_info(int(self._positions[idx]))
        info['sample_idx'] = int(idx % len(self))
        return info

    @force_full_init
    def __len__(self) -> int:
        return len(self._positions)

    @force_full_init
    def __getitem__(self, idx: int) -> Any:
        """Item after the pipeline, with ``sample_idx`` counted here.

        When the pipeline rejects an image, mmengine's datasets return a
        random other one, here maybe one that the split does not keep. Such a
        stand-in is known by its ``sample_idx`` and replaced by a random item
        of the split.
        """
        for _ in range(MAX_REFETCH):
            position = int(self._positions[idx])
            data = self.dataset[position]
            if not self._is_stand_in(data, position):
                return set_sample_idx(data, int(idx % len(self)))
            idx = np.random.randint(len(self))
        raise RuntimeError(
            f'found no valid image in {MAX_REFETCH} draws from the split of '
            f'{len(self)}. Check the paths and the pipeline.')

    def _is_stand_in(self, data: Any, position: int) -> bool:
        found = get_sample_idx(data)
        if found is None:
            return False
        # Asked for rather than compared with `position`: under a wrapper,
        # items are numbered by the dataset that they come from.
        return found != self.dataset.get_data_info(position)['sample_idx']


def _check_arguments(imbalance_factor, counts, profile, max_count):
    if (imbalance_factor is None) == (counts is None):
        raise ValueError(
            'give either imbalance_factor or counts, but got '
            f'imbalance_factor={imbalance_factor} and counts={counts}.')
    if counts is not None and (profile != 'exp' or max_count is not None):
        raise ValueError(
            'counts already say how many images of each class are kept: '
            f'remove profile={profile!r} and max_count={max_count}.')


def _refuse_test_set(dataset: Any) -> None:
    for node in walk_datasets(dataset):
        split = getattr(node, 'split', None)
        if getattr(node, 'test_mode', False) or split in TEST_SPLITS:
            raise ValueError(
                'only the training set is thinned, but the wrapped '
                f'{type(node).__name__} has split={split!r} and test_mode='
                f'{getattr(node, "test_mode", False)}. Use the test set '
                'without LongTailed.')
