# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory of a feature pool and of what belongs to it."""
from typing import NamedTuple, Optional

import torch

from mmcurv.geometry.neighbors import DEFAULT_MEMORY
from .curvature_cost import most_held, pool_bytes
from .fitted_pool import fitted_pool
from .train_set import TrainSet


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
        processes (int): Among which the classes are divided; the memory is
            that of the fullest. Defaults to 1.

    Returns:
        PoolMemory | None: None if an option of the pool is wrong, or if it is
        capped and only the total of the images is known.
    """
    options = fitted_pool(hook)
    hook = dict(hook, pool=options)
    slots = options and pooled_images(hook, train_set)
    if slots is None:
        return None
    most = options['max_per_class']
    if processes > 1:
        sizes = [min(size, most or size) for size in train_set.class_sizes]
        slots = most_held(sizes, processes)
    dtype = options['dtype']
    size = pool_bytes(slots, train_set.images, train_set.classes, feature_dim,
                      dtype, options['addressing'] == 'index')
    computed = torch.promote_types(dtype, torch.float32).itemsize
    largest = min(train_set.largest, most or train_set.images)
    scratch = (hook.get('curvature') or {}).get('max_memory', DEFAULT_MEMORY)
    # The class itself, in a moderate unit, and centered; then as many rows of
    # distances with their ranks as fit.
    copies = 3 * largest * feature_dim // layers * computed
    rows = min(scratch, 3 * largest**2 * computed)
    return PoolMemory(
        pool=size.features + layers * size.places,
        cache=layers * size.remembered,
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
