# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Walk through the wrappers around a dataset."""
from typing import Any, Iterator, List


def wrapped_datasets(dataset: Any) -> List[Any]:
    """The datasets directly under a wrapper.

    Args:
        dataset: Any dataset.

    Returns:
        list: The members of a concatenation, the one dataset under another
        wrapper, or an empty list for a dataset that wraps nothing.
    """
    if hasattr(dataset, 'datasets'):
        return list(dataset.datasets)
    if hasattr(dataset, 'dataset'):
        return [dataset.dataset]
    return []


def walk_datasets(dataset: Any) -> Iterator[Any]:
    """Yield a dataset and, depth first, everything that it wraps."""
    yield dataset
    for wrapped in wrapped_datasets(dataset):
        yield from walk_datasets(wrapped)
