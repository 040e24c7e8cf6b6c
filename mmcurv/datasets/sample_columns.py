# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Data samples of a whole data set, kept field by field."""
from typing import Any, Dict, List, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

PLAIN = (bool, int, float, str, tuple, type(None))


class SampleColumns:
    """N data samples as one list or tensor per field.

    A :class:`DataSample` weighs a kilobyte and costs ten microseconds to
    fill, which is the larger part of feeding small images. Here, a field that
    all samples share is kept once, and samples are made by copying the
    attributes of the first one.

    Each call makes new samples: models, preprocessors and hooks write into
    those that they get.

    Args:
        samples (Sequence[BaseDataElement]): N samples of one type and with
            the same fields.

    Raises:
        TypeError: If an item is no data sample.
        ValueError: If there is none, or one differs in its fields.
    """

    def __init__(self, samples: Sequence[BaseDataElement]):
        if len(samples) == 0:
            raise ValueError('expected at least one data sample, got none.')
        self._first = samples[0]
        for i, sample in enumerate(samples):
            _check_alike(self._first, sample, i)
        self._shared: Dict[str, Any] = {}
        self._columns: Dict[str, Any] = {}
        for name in self._first.all_keys():
            values = [sample.get(name) for sample in samples]
            if _all_equal(values):
                self._shared[name] = values[0]
            else:
                self._columns[name] = _as_column(values)

    def take(self, indices: Sequence[int]) -> List[BaseDataElement]:
        """New samples.

        Args:
            indices (Sequence[int]): B positions, 0 to N-1.

        Returns:
            list[BaseDataElement]: B samples that share nothing that is
            written to.
        """
        fields = {
            name: _rows(column, indices)
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


def _check_alike(first: BaseDataElement, sample: Any, i: int) -> None:
    if not isinstance(sample, BaseDataElement):
        raise TypeError(
            f'expected a data sample of mmengine, got {type(sample).__name__} '
            f"for item {i}. End the pipeline with dict(type='PackInputs').")
    names, expected = set(sample.all_keys()), set(first.all_keys())
    if type(sample) is not type(first) or names != expected:
        raise ValueError(
            'expected data samples with the same fields, got '
            f'{type(first).__name__} with {sorted(expected)} for item 0 and '
            f'{type(sample).__name__} with {sorted(names)} for item {i}. Pack '
            'the same keys of every image.')


def _all_equal(values: List[Any]) -> bool:
    """Whether plain values are all the same; others may be changed in place.
    """
    first = values[0]
    return isinstance(first, PLAIN) and all(
        type(value) is type(first) and value == first for value in values)


def _as_column(values: List[Any]) -> Any:
    if all(isinstance(value, Tensor) for value in values):
        if len({(value.shape, value.dtype) for value in values}) == 1:
            return torch.stack(values)
    return values


def _rows(column: Any, indices: Sequence[int]) -> Sequence[Any]:
    if isinstance(column, Tensor):
        return column[torch.as_tensor(indices)].unbind()
    return [column[i] for i in indices]
