# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small images in one tensor, fetched a batch at a time."""
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dataset import (ClassBalancedDataset, RepeatDataset,
                              force_full_init)
from torch import Tensor

from mmcurv.registry import DATASETS
from .dataset_labels import dataset_labels
from .image_batch import ImageBatch
from .load_images import load_images
from .sample_columns import SampleColumns
from .split_fingerprint import split_fingerprint


@DATASETS.register_module()
class InMemoryDataset:
    """Keeps all images of a data set in memory, behind its pipeline.

    The pipeline of the wrapped data set runs once for every image, so it may
    only load and resize them, and ends with ``PackInputs``; augmentations go
    to :class:`~mmcurv.models.BatchAugmentPreprocessor`. Items, labels, class
    names, fingerprint and ``sample_idx`` are those of the wrapped data set.

    It is fast as the outermost data set of a loader with
    ``collate_fn=dict(type='mmcurv.image_batch_collate')`` and
    ``num_workers=0``: a batch is then one indexing operation. ``LongTailed``
    goes inside, so that only the images of the split are kept. Under another
    wrapper or collate function it gives the same batches, item by item.

    Args:
        dataset (dict | Dataset): Config or instance of a data set of images
            of one size; ``RepeatDataset`` and ``ClassBalancedDataset`` go
            around this class.
        max_memory (int): Bytes of the images at most, which guards against
            large images by mistake. Defaults to 4294967296.
        lazy_init (bool): Whether to wait with loading. Defaults to False.

    Raises:
        TypeError: If ``dataset`` is neither a config nor a dataset, or
            repeats images.
        ValueError: If the images cannot be kept like this, see
            ``load_images``.

    Examples:
        >>> train_dataset = dict(
        ...     type='mmcurv.InMemoryDataset',
        ...     dataset=dict(
        ...         type='CIFAR10',
        ...         data_root='data/cifar10',
        ...         pipeline=[dict(type='PackInputs')]))
    """

    def __init__(self,
                 dataset: Union[dict, Any],
                 max_memory: int = 2**32,
                 lazy_init: bool = False):
        if isinstance(dataset, dict):
            dataset = DATASETS.build(dataset)
        if not hasattr(dataset, '__getitem__'):
            raise TypeError('dataset must be a config dict or a dataset, but '
                            f'got {type(dataset).__name__}.')
        if isinstance(dataset, (RepeatDataset, ClassBalancedDataset)):
            name = type(dataset).__name__
            raise TypeError(
                'expected a data set with each image once, got '
                f'{name}. Put {name} around InMemoryDataset, or draw the '
                'images with a sampler.')
        self.dataset = dataset
        self.max_memory = max_memory
        self._fingerprint = None
        self._labels = None
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load all images."""
        if self._fully_initialized:
            return
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()
        self._images, samples = load_images(self.dataset, self.max_memory)
        self._samples = SampleColumns(samples)
        self._fully_initialized = True

    @property
    @force_full_init
    def images(self) -> Tensor:
        """Tensor: (N, C, H, W) uint8, not to be changed."""
        return self._images

    @property
    @force_full_init
    def fingerprint(self) -> str:
        """str: SHA-256 of the split, that of the wrapped data set."""
        if self._fingerprint is None:
            self._fingerprint = split_fingerprint(self.dataset)
        return self._fingerprint

    @property
    def metainfo(self) -> dict:
        """dict: Meta information of the wrapped dataset."""
        return getattr(self.dataset, 'metainfo', {})

    @property
    def CLASSES(self) -> Optional[Sequence[str]]:
        """Sequence[str] | None: Names of the classes."""
        return self.metainfo.get('classes')

    def get_gt_labels(self) -> np.ndarray:
        """Labels of all items, (N,) int64."""
        return self._all_labels().copy()

    def get_cat_ids(self, idx: int) -> List[int]:
        """The one label of an item, in a list."""
        return [int(self._all_labels()[idx])]

    def get_data_info(self, idx: int) -> dict:
        """Annotation of an item, that of the wrapped data set."""
        return self.dataset.get_data_info(idx)

    @force_full_init
    def __len__(self) -> int:
        return len(self._images)

    @force_full_init
    def __getitem__(self, idx: int) -> Dict[str, Any]:
        """An image (C, H, W), which is a view, and a new data sample."""
        return dict(
            inputs=self._images[idx],
            data_samples=self._samples.take([int(idx)])[0])

    @force_full_init
    def __getitems__(self, indices: List[int]) -> ImageBatch:
        """Items of a batch, which torch's loader asks for at once."""
        return ImageBatch(
            self._images.index_select(0, torch.as_tensor(indices)),
            self._samples.take(indices))

    def _all_labels(self) -> np.ndarray:
        if self._labels is None:
            self._labels = dataset_labels(self.dataset)
        return self._labels
