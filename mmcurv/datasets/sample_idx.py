# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The number under which an item of a dataset is known to the pool."""
from typing import Any, Optional

from mmengine.structures import BaseDataElement


def _sample_of(data: Any) -> Any:
    """The data sample, or a dict that was not packed into one."""
    sample = data.get('data_samples', data) if isinstance(data, dict) else None
    return sample if isinstance(sample, (dict, BaseDataElement)) else None


def get_sample_idx(data: Any) -> Optional[int]:
    """The ``sample_idx`` in the output of a pipeline, None without one."""
    sample = _sample_of(data)
    return None if sample is None else sample.get('sample_idx')


def set_sample_idx(data: Any, index: int) -> Any:
    """Write ``sample_idx`` into the output of a pipeline, in place.

    Args:
        data: Output of a pipeline. Nothing is written where there is no
            place for it: in tuples, tensors and lists of data samples.
        index (int): The new ``sample_idx``.

    Returns:
        ``data`` itself.
    """
    sample = _sample_of(data)
    if isinstance(sample, BaseDataElement):
        sample.set_metainfo(dict(sample_idx=index))
    elif isinstance(sample, dict):
        sample['sample_idx'] = index
    return data
