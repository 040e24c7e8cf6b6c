# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Options of a config's pool as its run will have them."""
from typing import Any, Dict, Optional

import torch

from mmcurv.engine.fit_pool import fit_pool
from mmcurv.engine.pool_options import read_pool_options, share_of_layer
from .train_set import TrainSet


def fitted_pool(hook: dict,
                train_set: TrainSet,
                feature_dim: int,
                layers: int = 1,
                processes: int = 1) -> Optional[Dict[str, Any]]:
    """What the pool of one layer is built with.

    Args:
        hook (dict): Config of the hook of Curvature Regularization.
        train_set (TrainSet): Size of the data.
        feature_dim (int): p, of all layers together.
        layers (int): Number of layers, each with its pool. Defaults to 1.
        processes (int): Of the run. Defaults to 1.

    Returns:
        dict | None: With ``dtype``, ``max_per_class``, ``addressing`` and
        ``layout``, where ``max_bytes`` has chosen; None if an option is wrong
        or too small, which the training will say, or if the choice depends on
        class sizes that are not known.
    """
    try:
        pool = share_of_layer(hook.get('pool'), layers)
        options, layout, max_bytes = read_pool_options(pool)
        addressing = 'index' if is_indexed(hook) else 'fifo'
        options.update(layout=layout, addressing=addressing)
        if max_bytes is None:
            return {'dtype': torch.float32, 'max_per_class': None, **options}
        choice = fit_pool(
            dict(options, class_counts=train_set.class_sizes),
            feature_dim // layers, max_bytes, layout,
            hook.get('curvature') or {}, processes)
    except ValueError:
        return None
    asked = options.get('max_per_class')
    if train_set.counts is None and choice.max_per_class != asked:
        return None
    return dict(
        options, dtype=choice.dtype, max_per_class=choice.max_per_class)


def is_indexed(hook: dict) -> bool:
    """Whether each image has its slot, with data that number their images.
    """
    addressing = (hook.get('pool') or {}).get('addressing')
    if addressing is None:
        return hook.get('mixed', 'skip') == 'skip'
    return addressing == 'index'
