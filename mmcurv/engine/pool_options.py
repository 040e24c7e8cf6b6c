# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What ``pool=dict(...)`` of a config says."""
from typing import Any, Dict, NamedTuple, Optional

import torch

from mmcurv.files import parse_bytes
from mmcurv.regularization.feature_storage import check_storage


class PoolOptions(NamedTuple):
    """Options of a run's pool.

    Attributes:
        own (dict): Arguments of ``FeaturePool``.
        layout (str): 'replicated' or 'sharded'.
        max_bytes (int, optional): Bound on the bytes in each process.
    """
    own: Dict[str, Any]
    layout: str
    max_bytes: Optional[int]


def read_pool_options(pool: Optional[dict]) -> PoolOptions:
    """Take the options of a config apart.

    Args:
        pool (dict, optional): Arguments of ``FeaturePool`` with the name of
            a dtype, and ``layout`` and ``max_bytes``.

    Returns:
        PoolOptions: With the dtype itself.

    Raises:
        ValueError: If a dtype, a storage or a number of bytes is wrong.
    """
    own = _with_dtype(pool or {})
    layout = own.pop('layout', 'replicated')
    max_bytes = own.pop('max_bytes', None)
    if max_bytes is not None:
        max_bytes = _max_bytes(max_bytes)
    check_storage(
        own.get('storage', 'device'), own.get('device'), own.get('folder'))
    return PoolOptions(own, layout, max_bytes)


def share_of_layer(pool: Optional[dict], layers: int) -> dict:
    """Options of the pool of one of several layers, which have a like share
    of the bytes that all may take."""
    own = dict(pool or {})
    if own.get('max_bytes') is not None:
        own['max_bytes'] = _max_bytes(own['max_bytes']) // layers
    return own


def off_device(options: Dict[str, Any]) -> bool:
    """Whether the features are kept in main memory or in a file, whatever the
    device of the model."""
    device = options.get('device')
    return (options.get('storage', 'device') != 'device'
            or device is not None and torch.device(device).type == 'cpu')


def _max_bytes(size: Any) -> int:
    try:
        return parse_bytes(size)
    except ValueError as error:
        raise ValueError(f'pool.max_bytes: {error}') from None


def _with_dtype(pool: Dict[str, Any]) -> Dict[str, Any]:
    """Pool options with the name of a dtype replaced by the dtype."""
    name = pool.get('dtype')
    if name is None:
        return {key: value for key, value in pool.items() if key != 'dtype'}
    if not isinstance(name, str):
        return dict(pool)
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError("pool.dtype must name a floating type of torch, such "
                         f"as 'float32' or 'float16', got {name!r}.")
    return dict(pool, dtype=dtype)
