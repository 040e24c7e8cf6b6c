# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small images in one tensor, fetched a batch at a time.

A data sample weighs a kilobyte and costs ten microseconds to fill, which is
the larger part of feeding small images. Here, images are one tensor, a field
that all data samples share is kept once, and samples are made by copying
attributes.
"""
from collections.abc import Sequence
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np
import torch
from mmengine.dataset import (ClassBalancedDataset, RepeatDataset,
                              default_collate, force_full_init)
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmcurv.registry import DATASETS, FUNCTIONS
from mmcurv.samples import get_sample_idx
from .labels import check_whole, dataset_labels, split_fingerprint

LOADED_TWICE = 64  # images, to see whether a pipeline changes them
PLAIN = (bool, int, float, str, tuple, type(None))


class ImageBatch(Sequence):
    """Images in one tensor that can also be read item by item.

    :func:`image_batch_collate` passes the tensor on. To every other collate
    function this is a list of B items like those of any data set.

    Args:
        inputs (Tensor): (B, C, H, W).
        data_samples (list[BaseDataElement]): B samples.
    """

    def __init__(self, inputs: Tensor, data_samples: List[BaseDataElement]):
        self.inputs = inputs
        self.data_samples = data_samples

    def __len__(self) -> int:
        return len(self.data_samples)

    def __getitem__(self, i: int) -> Dict[str, Any]:
        return dict(inputs=self.inputs[i], data_samples=self.data_samples[i])


@FUNCTIONS.register_module()
def image_batch_collate(data_batch: Any) -> Any:
    """Collate what a data set gives for a list of indices.

    Args:
        data_batch (ImageBatch | Sequence): A batch that is one already, or
            items of any data set, as where a wrapper around
            ``InMemoryDataset`` asks it for one image after another.

    Returns:
        dict: ``inputs`` (B, C, H, W) and the list ``data_samples``; for items
        what mmengine's ``default_collate`` makes of them, which is the same.
    """
    if isinstance(data_batch, ImageBatch):
        return dict(
            inputs=data_batch.inputs, data_samples=data_batch.data_samples)
    return default_collate(data_batch)


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
        ValueError: If there is no image, an item is not a dict of one uint8
            image ``inputs`` (C, H, W) and ``data_samples``, images differ in
            shape or data samples in their fields, the images need more
            memory, or the pipeline gives other pixels when it is asked again.
        RuntimeError: If an image cannot be loaded.

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
        check_whole('max_memory', max_memory)
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
        self._images, samples = _load_images(self.dataset, self.max_memory)
        self._samples = _SampleColumns(samples)
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
        """Labels of the wrapped data set, read once."""
        if self._labels is None:
            self._labels = dataset_labels(self.dataset)
        return self._labels


def _load_images(dataset: Any,
                 max_memory: int) -> Tuple[Tensor, List[BaseDataElement]]:
    """Images (N, C, H, W) uint8 and N data samples, by one run of the pipeline
    for every item."""
    if len(dataset) == 0:
        raise ValueError('expected at least one image to keep in memory, got '
                         'an empty data set. Check its paths and filters.')
    first = _image(dataset[0], 0)
    needed = len(dataset) * first.numel()
    if needed > max_memory:
        raise ValueError(
            f'{len(dataset):,} images of shape {tuple(first.shape)} need '
            f'{needed:,} bytes, but max_memory is {max_memory:,}. Use the '
            'data set without InMemoryDataset, or raise max_memory if there '
            'is so much memory.')
    _check_same_twice(dataset)
    images = first.new_empty((len(dataset), *first.shape))
    samples = []
    for i in range(len(dataset)):
        item = dataset[i]
        _check_not_replaced(dataset, item, i)
        image = _image(item, i)
        if image.shape != first.shape:
            raise ValueError(
                f'expected images of one shape, got {tuple(first.shape)} for '
                f'item 0 and {tuple(image.shape)} for item {i}. Put a Resize '
                'or CenterCrop to one size into the pipeline.')
        images[i] = image
        samples.append(item['data_samples'])
    return images, samples


def _image(item: Any, i: int) -> Tensor:
    """The image of an item that can be kept."""
    found = item.get('inputs') if isinstance(item, dict) else None
    if not isinstance(found, Tensor) or found.dim() != 3 or \
            found.dtype != torch.uint8 or not isinstance(
                item.get('data_samples'), BaseDataElement):
        if isinstance(found, Tensor):
            found = f'{found.dtype} of shape {tuple(found.shape)}'
        else:
            found = f'{type(found).__name__} as inputs'
        raise ValueError(
            'expected a dict with inputs, one uint8 tensor (C, H, W), and a '
            f'data sample, got {found} for item {i}. End the pipeline with '
            "dict(type='PackInputs'); several views of an image, and images "
            'that are normalized already, are not kept in memory.')
    return found


def _check_same_twice(dataset: Any) -> None:
    """Refuse a pipeline that augments: its one result would be frozen."""
    for i in range(min(len(dataset), LOADED_TWICE)):
        if not torch.equal(_image(dataset[i], i), _image(dataset[i], i)):
            raise ValueError(
                f'expected a pipeline that gives the same pixels every time, '
                f'got two different images for item {i}: it augments, and its '
                'one result would be frozen. Leave only loading, resizing '
                'and PackInputs in the pipeline, and augment whole batches '
                "with data_preprocessor=dict(type='mmcurv."
                "BatchAugmentPreprocessor', augment=[...]).")


def _check_not_replaced(dataset: Any, item: Any, i: int) -> None:
    """Refuse a random other image, which mmengine's data sets give where the
    pipeline rejects one: it would stand there for the whole training."""
    found = get_sample_idx(item)
    if found is None or not hasattr(dataset, 'get_data_info'):
        return
    info = dataset.get_data_info(i)
    if found != info['sample_idx']:
        name = info.get('img_path')
        raise RuntimeError(
            f'item {i} {f"({name}) " if name else ""}was rejected by the '
            'pipeline, and the data set gave another image instead. Remove or '
            'mend the image.')


class _SampleColumns:
    """N data samples of one type and with the same fields, as one value, list
    or tensor per field."""

    def __init__(self, samples: List[BaseDataElement]):
        self._first = first = samples[0]
        for i, sample in enumerate(samples):
            names, expected = set(sample.all_keys()), set(first.all_keys())
            if type(sample) is not type(first) or names != expected:
                raise ValueError(
                    'expected data samples with the same fields, got '
                    f'{type(first).__name__} with {sorted(expected)} for item '
                    f'0 and {type(sample).__name__} with {sorted(names)} for '
                    f'item {i}. Pack the same keys of every image.')
        self._shared: Dict[str, Any] = {}
        self._columns: Dict[str, Any] = {}
        for name in first.all_keys():
            values = [sample.get(name) for sample in samples]
            # Other values than plain ones may be changed in place.
            if isinstance(values[0], PLAIN) and all(
                    type(value) is type(values[0]) and value == values[0]
                    for value in values):
                self._shared[name] = values[0]
            elif all(isinstance(value, Tensor)
                     for value in values) and len({(value.shape, value.dtype)
                                                   for value in values}) == 1:
                self._columns[name] = torch.stack(values)
            else:
                self._columns[name] = values

    def take(self, indices: Sequence) -> List[BaseDataElement]:
        """New samples at B positions: models, preprocessors and hooks write
        into those that they get."""
        fields = {
            name:
            column[torch.as_tensor(indices)].unbind() if isinstance(
                column, Tensor) else [column[i] for i in indices]
            for name, column in self._columns.items()
        }
        first = self._first
        kind, names = type(first), tuple(fields)
        samples = []
        for values in zip(*fields.values()) if fields else [()] * len(indices):
            sample = kind.__new__(kind)
            attributes = sample.__dict__
            attributes.update(self._shared)
            attributes.update(zip(names, values))
            # Names of fields are added to these sets as fields are written.
            attributes['_metainfo_fields'] = first._metainfo_fields.copy()
            attributes['_data_fields'] = first._data_fields.copy()
            samples.append(sample)
        return samples
