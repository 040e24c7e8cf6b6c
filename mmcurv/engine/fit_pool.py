# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The pool of a run within its bound on memory."""
import functools
from typing import Any, Dict

from mmcurv.regularization.feature_storage import is_pinned
from mmcurv.regularization.pool_budget import PoolChoice, choose_pool
from .class_owners import most_held


def fit_pool(options: Dict[str, Any], feature_dim: int, max_bytes: int,
             layout: str, curvature: Dict[str,
                                          Any], processes: int) -> PoolChoice:
    """Choose dtype and cap of a pool, see :func:`choose_pool`.

    Args:
        options (dict): Arguments of ``FeaturePool``, ``class_counts`` and
            ``addressing`` among them.
        feature_dim (int): p.
        max_bytes (int): Bound on the bytes in each process.
        layout (str): 'replicated' or 'sharded'.
        curvature (dict): Options of ``PooledCurvature``.
        processes (int): Of the run.

    Returns:
        PoolChoice: The same in all processes, for that which holds most.

    Raises:
        ValueError: If not even the smallest pool fits.
    """
    given = {
        name: options[name]
        for name in ('dtype', 'max_per_class') if name in options
    }
    given.update({'k': curvature['k']} if 'k' in curvature else {})
    sharers = processes if layout == 'sharded' else 1
    return choose_pool(
        options['class_counts'],
        feature_dim,
        max_bytes,
        indexed=options['addressing'] == 'index',
        pinned=is_pinned(options.get('storage', 'device')),
        held=functools.partial(most_held, world_size=sharers),
        **given)
