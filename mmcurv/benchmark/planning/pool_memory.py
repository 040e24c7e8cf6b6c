# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory of a feature pool and of what belongs to it."""
import math
from typing import NamedTuple, Optional

import torch

from mmcurv.engine.class_owners import class_owners
from mmcurv.geometry.neighbors import DEFAULT_MEMORY
from .train_set import TrainSet

INT64 = torch.int64.itemsize


class PoolMemory(NamedTuple):
    """Bytes of one process, of all pools together where there are several
    layers.

    Attributes:
        pool (int): The features and where each image's feature is.
        cache (int): The remembered curvatures.
        work (int): Scratch of the search for neighbours in the largest
            class, at most; of one layer, as they take turns.
    """
    pool: int
    cache: int
    work: int


def pool_memory(hook: dict,
                train_set: TrainSet,
                feature_dim: int,
                layers: int = 1,
                processes: int = 1) -> Optional[PoolMemory]:
    """Memory that the hook of Curvature Regularization takes.

    Args:
        hook (dict): Config of the hook.
        train_set (TrainSet): Size of the data.
        feature_dim (int): p, of all layers together.
        layers (int): Number of layers, each with its pool. Defaults to 1.
        processes (int): Among which ``layout='sharded'`` divides the classes;
            the memory is that of the fullest. Defaults to 1.

    Returns:
        PoolMemory | None: None if the dtype of the pool is unknown, or if it
        is capped and only the total of the images is known.
    """
    options = hook.get('pool') or {}
    dtype = getattr(torch, str(options.get('dtype', 'float32')), None)
    slots = pooled_images(hook, train_set)
    if not isinstance(dtype, torch.dtype) or slots is None:
        return None
    if is_sharded(hook):
        slots = _most_held(train_set, options.get('max_per_class'), processes)
    images, classes = train_set.images, train_set.classes
    places = 3 * classes + 1  # capacity, start, arrived; num_nonfinite
    if is_indexed(hook):
        places += slots + images  # image of a slot, slot of an image
    computed = torch.promote_types(dtype, torch.float32).itemsize
    largest = min(train_set.largest, options.get('max_per_class') or images)
    most = (hook.get('curvature') or {}).get('max_memory', DEFAULT_MEMORY)
    # The class itself, in a moderate unit, and centered; then as many rows of
    # distances with their ranks as fit.
    copies = 3 * largest * feature_dim // layers * computed
    rows = min(most, 3 * largest**2 * computed)
    return PoolMemory(
        pool=slots * feature_dim * dtype.itemsize + layers * places * INT64,
        # log curvature and row of the batch of each slot, and a flag
        cache=layers * (slots * (computed + INT64) + 1),
        work=copies + rows)


def pooled_images(hook: dict, train_set: TrainSet) -> Optional[int]:
    """Slots of a pool; None if only the data could tell."""
    most = (hook.get('pool') or {}).get('max_per_class')
    if most is None or most >= train_set.largest:
        return train_set.images
    if most <= train_set.smallest:
        return train_set.classes * most
    if train_set.counts is None:
        return None
    return sum(min(count, most) for count in train_set.counts)


def is_sharded(hook: dict) -> bool:
    """Whether processes divide the classes of the pool among themselves."""
    return (hook.get('pool') or {}).get('layout') == 'sharded'


def is_indexed(hook: dict) -> bool:
    """Whether each image has its slot, with data that number their images.
    """
    addressing = (hook.get('pool') or {}).get('addressing')
    if addressing is None:
        return hook.get('mixed', 'skip') == 'skip'
    return addressing == 'index'


def _most_held(train_set: TrainSet, most: Optional[int],
               processes: int) -> int:
    """Slots of the process that holds most, rounded up."""
    sizes = [min(size, most or size) for size in train_set.class_sizes]
    held = [0.] * processes
    for size, owner in zip(sizes, class_owners(sizes, processes).tolist()):
        held[owner] += size
    return math.ceil(round(max(held), 6))
