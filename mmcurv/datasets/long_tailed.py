# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Thin a training set to a long tail.

The split is the one that the long-tailed literature trains on (Cao et al.,
Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, 2019,
and its code): so many images per class by a formula, then one shuffle per
class with NumPy's legacy generator. Departures: the generator is a local one,
the global NumPy state stays as it was; and with an odd number of classes
``'step'`` keeps the middle class, as a tail class, where the original code
forgets it.
"""
from typing import Any, List, Optional, Sequence, Union

import numpy as np
from mmengine.dataset import force_full_init

from mmcurv.files import did_you_mean, listed
from mmcurv.registry import DATASETS
from mmcurv.samples import get_sample_idx, set_sample_idx
from .labels import (check_whole, count_labels, dataset_labels, hash_items,
                     hash_record, named_classes, walk_datasets)

PROFILES = ('exp', 'step')
TEST_SPLITS = ('test', 'val', 'valid', 'validation')
MAX_REFETCH = 1000


def class_shares(num_classes: int,
                 imbalance_factor: float,
                 profile: str = 'exp') -> np.ndarray:
    """Size of each class relative to the largest one.

    Args:
        num_classes (int): Number of classes C, at least 2.
        imbalance_factor (float): Largest over smallest class, at least 1.
        profile (str): ``'exp'``: IF^(-c/(C-1)) for class c. ``'step'``: 1 for
            the first C//2 classes, 1/IF for the rest. Defaults to 'exp'.

    Returns:
        np.ndarray: (C,) float64 in [1/IF, 1], not increasing.

    Raises:
        ValueError: If an argument is out of its range or ``profile`` is
            unknown.
    """
    _check_tail(imbalance_factor, profile)
    if num_classes < 2:
        raise ValueError('a long tail needs at least 2 classes, but got '
                         f'num_classes={num_classes}.')
    classes = np.arange(num_classes)
    if profile == 'step':
        return np.where(classes < num_classes // 2, 1., 1. / imbalance_factor)
    return (1. / imbalance_factor)**(classes / (num_classes - 1.))


def long_tailed_counts(full_counts: Sequence[int],
                       imbalance_factor: float,
                       profile: str = 'exp',
                       max_count: Optional[int] = None) -> List[int]:
    """Number of images that a long-tailed split keeps of each class.

    ``int(n_max * share)`` with the shares of :func:`class_shares`: class 0
    is the largest, and classes are neither sorted nor shuffled.

    Args:
        full_counts (Sequence[int]): (C,) images of each class in the full
            set.
        imbalance_factor (float): Largest over smallest class, at least 1.
        profile (str): ``'exp'`` or ``'step'``. Defaults to 'exp'.
        max_count (int, optional): n_max, the images kept of class 0.
            Defaults to None, which is the size of the largest full class.
            For classes of one size that is the N/C of the published formula.
            For unequal ones it is a choice of ours, and it may ask more of a
            class than there is, which is an error.

    Returns:
        list[int]: (C,) counts, each at least 1.

    Raises:
        ValueError: If a class has too few images or would be left empty, or
            as :func:`class_shares` does.
    """
    full_counts = np.asarray(full_counts)
    shares = class_shares(len(full_counts), imbalance_factor, profile)
    n_max = full_counts.max() if max_count is None else max_count
    counts = [int(n_max * share) for share in shares]
    if min(counts) < 1:
        raise ValueError(
            f'imbalance_factor={imbalance_factor} leaves '
            f'{sum(n < 1 for n in counts)} of {len(counts)} classes empty, '
            f'because the largest class has {n_max} images. Use an '
            f'imbalance_factor below {n_max}.')
    if np.any(counts > full_counts):
        fits = int(np.min(full_counts / shares))
        remedy = f'With max_count={fits} every class has enough.'
        if not full_counts.all():
            remedy = 'A class without images cannot be thinned; leave it out.'
        elif int(fits * shares[-1]) < 1:
            remedy = 'No max_count mends this; lower imbalance_factor.'
        raise ValueError(f'{_shortage(counts, full_counts)} {remedy}')
    return counts


def kept_positions(labels: np.ndarray,
                   counts: Sequence[int],
                   seed: int = 0) -> np.ndarray:
    """Draw the images of a long-tailed split.

    Class by class in ascending label order, the positions of the class are
    shuffled and the first ``counts[c]`` stay, with the stream that
    ``np.random.seed(seed)`` starts. Every class draws, also one that is kept
    whole, since the published splits do.

    Args:
        labels (np.ndarray): (N,) integer labels of the full set.
        counts (Sequence[int]): (C,) images to keep, at most those there are.
        seed (int): Seed in [0, 2^32). Defaults to 0.

    Returns:
        np.ndarray: (sum(counts),) int64 positions in the full set, class by
        class.

    Raises:
        ValueError: If ``seed`` is None or out of its range.
    """
    check_whole('seed', seed, least=0)
    labels = np.asarray(labels)
    rng = np.random.RandomState(seed)
    kept = []
    for label, count in enumerate(counts):
        positions = np.flatnonzero(labels == label)
        rng.shuffle(positions)
        kept.append(positions[:count])
    return np.concatenate(kept)


@DATASETS.register_module()
class LongTailed:
    """A long-tailed part of a training set with integer labels.

    Either the classes shrink along a profile to 1/imbalance_factor of the
    largest, or their sizes are given. The kept images are those of the
    published CIFAR-LT splits for the same seed (see :func:`kept_positions`).
    They follow each other class by class, so the loader must shuffle. An
    item's ``sample_idx`` is its position here, 0 to N-1.

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
        ValueError: If ``dataset`` is a test set or has a class without
            images, if both or neither of ``imbalance_factor`` and ``counts``
            are given, if a number is none, or if the split cannot be cut: see
            :func:`long_tailed_counts`.

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
        _check_arguments(imbalance_factor, counts, profile, seed, max_count)
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
        self._refuse_empty(full_counts)
        if self._given_counts is None:
            self._counts = long_tailed_counts(full_counts,
                                              self.imbalance_factor,
                                              self.profile, self.max_count)
        else:
            self._counts = _fitting_counts(self._given_counts, full_counts)
        self._positions = kept_positions(labels, self._counts, self.seed)
        self._labels = labels[self._positions]
        self._fully_initialized = True

    def _refuse_empty(self, full_counts: List[int]) -> None:
        """Refuse classes that no split could keep an image of."""
        names = self.CLASSES or range(len(full_counts))
        empty = [name for name, n in zip(names, full_counts) if n == 0]
        if empty:
            raise ValueError(
                f'{len(empty)} of {len(full_counts)} classes have no image: '
                f'{listed(empty, 5)}. A long tail keeps at least one of each: '
                'add images, or leave the class out, by removing its folder '
                'or by numbering the labels without a gap.')

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
        """Whether the data set gave another image than the one asked for."""
        found = get_sample_idx(data)
        if found is None:
            return False
        # Asked for rather than compared with `position`: under a wrapper,
        # items are numbered by the dataset that they come from.
        return found != self.dataset.get_data_info(position)['sample_idx']


def _check_arguments(imbalance_factor, counts, profile, seed, max_count):
    """Refuse at the door what no data set makes right."""
    if (imbalance_factor is None) == (counts is None):
        raise ValueError(
            'give either imbalance_factor or counts, but got '
            f'imbalance_factor={imbalance_factor} and counts={counts}.')
    check_whole('seed', seed, least=0)
    if counts is None:
        _check_tail(imbalance_factor, profile)
        if max_count is not None:
            check_whole('max_count', max_count)
        return
    if profile != 'exp' or max_count is not None:
        raise ValueError(
            'counts already say how many images of each class are kept: '
            f'remove profile={profile!r} and max_count={max_count}.')
    for count in counts:
        check_whole('each of counts', count)


def _check_tail(imbalance_factor, profile):
    """Refuse a tail that has no shape."""
    if profile not in PROFILES:
        raise ValueError(f'profile must be one of {PROFILES}, but got '
                         f'{profile!r}: {did_you_mean(profile, PROFILES)}')
    if not 1 <= imbalance_factor < float('inf'):
        raise ValueError(
            'imbalance_factor is the size of the largest class over that of '
            f'the smallest, so at least 1, but got {imbalance_factor}. Write '
            '100, not 0.01, for a hundred to one.')


def _fitting_counts(counts: Sequence[int],
                    full_counts: Sequence[int]) -> List[int]:
    """Counts that the user gave, if the full set has as many images."""
    if len(counts) != len(full_counts):
        raise ValueError(
            f'counts must name one number per class, {len(full_counts)} in '
            f'this dataset, but got {len(counts)}.')
    if np.any(np.asarray(counts) > np.asarray(full_counts)):
        raise ValueError(f'{_shortage(counts, full_counts)} Lower its count.')
    return [int(n) for n in counts]


def _shortage(counts: Sequence[int], full_counts: Sequence[int]) -> str:
    """One sentence on the first class with too few images, and how many."""
    short = [c for c, n in enumerate(counts) if n > full_counts[c]]
    first = short[0]
    return (f'{len(short)} of {len(counts)} classes have too few images: '
            f'class {first} has {full_counts[first]}, but the split keeps '
            f'{counts[first]}.')


def _refuse_test_set(dataset: Any) -> None:
    """Refuse a test set, however deep inside wrappers."""
    for node in walk_datasets(dataset):
        split = getattr(node, 'split', None)
        if getattr(node, 'test_mode', False) or split in TEST_SPLITS:
            raise ValueError(
                'only the training set is thinned, but the wrapped '
                f'{type(node).__name__} has split={split!r} and test_mode='
                f'{getattr(node, "test_mode", False)}. Use the test set '
                'without LongTailed.')
