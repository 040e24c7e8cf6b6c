# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels and predictions of any kind as class indices with names."""
from typing import List, NamedTuple, Optional

import numpy as np


class NamedLabels(NamedTuple):
    """Class indices and what the classes are called.

    Attributes:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray, optional): (N,) int64 in [0, C).
        class_names (list[str]): The C names.
    """
    labels: np.ndarray
    predictions: Optional[np.ndarray]
    class_names: List[str]


def name_labels(labels: np.ndarray,
                predictions: Optional[np.ndarray] = None,
                class_names: Optional[List[str]] = None,
                num_classes: Optional[int] = None) -> NamedLabels:
    """Map labels to 0..C-1 and give every class its name.

    Strings are mapped by ``class_names``; without them the classes are the
    sorted strings of labels and predictions together. Integers stay as they
    are; without names the classes are called '0', '1', and so on.

    Args:
        labels (np.ndarray): (N,) integers or strings.
        predictions (np.ndarray, optional): (N,) of the same kind. Defaults to
            None.
        class_names (list[str], optional): C names, no two the same. Defaults
            to None.
        num_classes (int, optional): C, where it is known from elsewhere.
            Defaults to None: the largest label or prediction plus one.

    Returns:
        NamedLabels: Indices and names.

    Raises:
        ValueError: If labels are neither integers nor strings, one kind of
            them is not that of the other, a label is out of range or has no
            name, two classes share a name, or labels are strings and
            ``num_classes`` is given without ``class_names``.
    """
    given = dict(labels=np.asarray(labels))
    if predictions is not None:
        given['predictions'] = np.asarray(predictions)
    kinds = {name: _kind(name, values) for name, values in given.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(
            f'expected labels and predictions of one kind, got labels that '
            f'are {kinds["labels"]} and predictions that are '
            f'{kinds["predictions"]}. Store both as integers or both as '
            'strings.')
    names = None if class_names is None else list(map(str, class_names))
    if names is not None and len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(
            f'class_names: expected a name of its own for each class, got '
            f'{", ".join(map(repr, twice[:5]))} more than once. Rename them.')
    if kinds['labels'] == 'strings':
        if names is None and num_classes is not None:
            raise ValueError(
                'labels are strings, and there are arrays with one entry per '
                'class, but no class_names that tell which entry belongs to '
                'which string. Add class_names, in the order of those '
                'arrays.')
        return _map_strings(given, names)
    values = {name: array.astype(np.int64) for name, array in given.items()}
    if names is None:
        top = max(
            (int(array.max()) for array in values.values() if array.size),
            default=-1)
        size = top + 1 if num_classes is None else num_classes
        names = [str(c) for c in range(max(size, 0))]
    for name, array in values.items():
        _check_range(name, array, len(names))
    return NamedLabels(values['labels'], values.get('predictions'), names)


def _kind(name: str, values: np.ndarray) -> str:
    if values.ndim != 1:
        raise ValueError(
            f'{name}: expected one class per sample, shape (N,), got shape '
            f'{values.shape}. For scores or one-hot labels take the argmax '
            'over classes first.')
    if values.dtype.kind in 'iu':
        return 'integers'
    if values.dtype.kind in 'US':
        return 'strings'
    raise ValueError(f'{name}: expected integers or strings, got '
                     f'{values.dtype}. Cast whole numbers with '
                     '.astype(np.int64).')


def _map_strings(given: dict, names: Optional[List[str]]) -> NamedLabels:
    texts = {
        name:
        np.char.decode(array, 'utf-8') if array.dtype.kind == 'S' else array
        for name, array in given.items()
    }
    if names is None:
        names = np.unique(np.concatenate(list(texts.values()))).tolist()
    place = {name: c for c, name in enumerate(names)}
    values = {}
    for name, array in texts.items():
        distinct, inverse = np.unique(array, return_inverse=True)
        unknown = [text for text in distinct.tolist() if text not in place]
        if unknown:
            raise ValueError(
                f'{name}: expected strings that are among the {len(names)} '
                f'class_names, got {len(unknown)} that are not: '
                f'{", ".join(map(repr, unknown[:5]))}. Add them to '
                'class_names or correct their spelling.')
        index = np.array([place[text] for text in distinct.tolist()], np.int64)
        values[name] = index[inverse] if index.size else inverse
    return NamedLabels(values['labels'], values.get('predictions'), names)


def _check_range(name: str, values: np.ndarray, num_classes: int) -> None:
    outside = (values < 0) | (values >= num_classes)
    if not outside.any():
        return
    low, high = int(values.min()), int(values.max())
    if low == 1 and high == num_classes:
        advice = 'They seem to count from 1: subtract 1.'
    else:
        advice = ('Give a name (class_names) to every class, or number the '
                  'classes 0..C-1.')
    raise ValueError(
        f'{name}: expected integers in [0, {num_classes}), but '
        f'{int(outside.sum())} of {values.size} lie outside (min {low}, max '
        f'{high}). {advice}')
