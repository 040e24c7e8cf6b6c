# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All images of a data set as one tensor, each loaded once."""
from typing import Any, List, Tuple

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from .sample_idx import get_sample_idx

LOADED_TWICE = 64  # images, to see whether a pipeline changes them


def load_images(dataset: Any,
                max_memory: int) -> Tuple[Tensor, List[BaseDataElement]]:
    """Run the pipeline of a data set once for every item.

    Args:
        dataset: Its items are dicts with ``inputs``, (C, H, W) uint8, and
            ``data_samples``.
        max_memory (int): Bytes of the images at most.

    Returns:
        tuple: Images (N, C, H, W) uint8 and N data samples.

    Raises:
        ValueError: If there is no image, an item is not as above, images
            differ in shape, they need more memory, or the pipeline gives
            other pixels when it is asked again.
        RuntimeError: If an image cannot be loaded.
    """
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
    found = item.get('inputs') if isinstance(item, dict) else None
    if not isinstance(found, Tensor) or found.dim() != 3 or \
            found.dtype != torch.uint8 or 'data_samples' not in item:
        if isinstance(found, Tensor):
            found = f'{found.dtype} of shape {tuple(found.shape)}'
        else:
            found = f'{type(found).__name__} as inputs'
        raise ValueError(
            'expected a dict with inputs, one uint8 tensor (C, H, W), and '
            f'data_samples, got {found} for item {i}. End the pipeline with '
            "dict(type='PackInputs'); several views of an image, and images "
            'that are normalized already, are not kept in memory.')
    return found


def _check_same_twice(dataset: Any) -> None:
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
    """Raise if the data set gave a random other image instead."""
    found = get_sample_idx(item)
    if found is None or not hasattr(dataset, 'get_data_info'):
        return
    info = dataset.get_data_info(i)
    if found != info['sample_idx']:
        name = info.get('img_path')
        raise RuntimeError(
            f'item {i} {f"({name}) " if name else ""}was rejected by the '
            'pipeline, and the data set gave another image instead, which '
            'would stand there for the whole training. Remove or mend the '
            'image.')
