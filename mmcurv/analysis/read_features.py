# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features that somebody else extracted, from a file, as a FeatureBank."""
import difflib
import os.path as osp
from typing import Dict, List, Optional

import numpy as np

from mmcurv.file_sha256 import file_sha256
from .array_files import Arrays, read_npz, read_safetensors
from .array_kinds import (as_counts, as_fractions, as_numbers, as_strings,
                          check_length)
from .class_labels import name_labels
from .feature_bank import FeatureBank, load_bank
from .finite_rows import check_finite, finite_rows

READERS = {'.npz': read_npz, '.safetensors': read_safetensors}
REQUIRED = ('features', 'labels')
KEYS = REQUIRED + ('predictions', 'confidence', 'class_accuracy',
                   'train_counts', 'class_names', 'paths')
PER_SAMPLE = ('labels', 'predictions', 'confidence', 'paths')
PER_CLASS = ('class_names', 'class_accuracy', 'train_counts')


def read_features(path: str,
                  drop_nan: bool = False,
                  keys: Optional[Dict[str, str]] = None) -> FeatureBank:
    """Read a features file, or the folder of a bank.

    A file holds ``features`` (N, p) and ``labels`` (N,), and may hold
    ``predictions`` (N,), ``confidence`` (N,), ``class_accuracy`` (C,),
    ``train_counts`` (C,), ``class_names`` (C,) and ``paths`` (N,). Labels may
    be strings, see :func:`~mmcurv.analysis.class_labels.name_labels`. Other
    arrays are passed over.

    Args:
        path (str): ``.npz``, ``.safetensors``, or a folder that
            :func:`~mmcurv.analysis.feature_bank.save_bank` wrote.
        drop_nan (bool): Accept features that hold NaN or infinity; they stay
            in the bank, and the audit leaves those samples out of the
            geometry and says so. Defaults to False.
        keys (dict, optional): What the file calls an array, where it is not
            as above: ``dict(features='embeddings')``. Defaults to None.

    Returns:
        FeatureBank: Its metadata hold ``feature_file`` and
        ``feature_file_sha256``. Features stay on disk where the file is not
        compressed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, an array is missing, is
            not numbers, or does not fit the others, labels are out of range,
            there are no samples, or features hold NaN and ``drop_nan`` is
            False.
    """
    if osp.isdir(path):
        bank = load_bank(path)
    else:
        bank = _read_file(path, keys or {})
    if not len(bank.features):
        raise ValueError(f'{path}: expected samples, got an empty set (0 '
                         'rows of features). Check what wrote the file.')
    if not drop_nan:
        try:
            check_finite(
                finite_rows(bank.features), bank.labels, bank.class_names)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
    return bank


def _read_file(path: str, keys: Dict[str, str]) -> FeatureBank:
    suffix = osp.splitext(path)[1].lower()
    if suffix not in READERS:
        raise ValueError(
            f'{path}: expected a file that ends in {" or ".join(READERS)}, or '
            f'the folder of a feature bank, got {suffix or "no ending"!r}. '
            'Write the arrays with np.savez(path, features=..., '
            'labels=...).')
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: no such file.')
    unknown = sorted(set(keys) - set(KEYS))
    if unknown:
        raise ValueError(f'keys: expected some of {", ".join(KEYS)}, got '
                         f'{", ".join(unknown)}.')
    found = READERS[suffix](path)
    names = {key: keys.get(key, key) for key in KEYS}
    _check_present(path, found, names, list(REQUIRED) + list(keys))
    arrays = {key: found[name] for key, name in names.items() if name in found}
    try:
        return _to_bank(arrays, path)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def _to_bank(arrays: Arrays, path: str) -> FeatureBank:
    features = as_numbers('features', arrays['features'])
    if features.ndim != 2:
        raise ValueError(
            f'features: expected shape (N, p), got {features.shape}. Pool or '
            'flatten each sample to one row.')
    for name in PER_SAMPLE:
        check_length(name, arrays, features.shape[0], 'sample')
    classes = {
        name: np.size(arrays[name])
        for name in PER_CLASS if name in arrays
    }
    if len(set(classes.values())) > 1:
        told = ', '.join(f'{name} has {n}' for name, n in classes.items())
        raise ValueError(f'expected one entry per class, got: {told}. Give '
                         'all of them for the same classes, in one order.')
    named = name_labels(arrays['labels'], arrays.get('predictions'),
                        as_strings('class_names', arrays),
                        next(iter(classes.values()), None))
    confidence = as_fractions('confidence', arrays)
    return FeatureBank(
        features=features,
        labels=named.labels,
        predictions=named.predictions,
        class_names=named.class_names,
        confidence=confidence,
        class_accuracy=as_fractions('class_accuracy', arrays),
        train_counts=as_counts('train_counts', arrays),
        paths=as_strings('paths', arrays),
        metadata=dict(
            source='features',
            feature_file=path,
            feature_file_sha256=file_sha256(path)))


def _check_present(path: str, found: Arrays, names: Dict[str, str],
                   required: List[str]) -> None:
    missing = [key for key in required if names[key] not in found]
    if not missing:
        return
    shapes = ', '.join(f'{name} {np.shape(value)}'
                       for name, value in sorted(found.items()))
    advice = f'Store it under that name, or say keys=dict({missing[0]}=...).'
    close = difflib.get_close_matches(names[missing[0]], found, 1)
    if close:
        advice = (f'Is it {close[0]!r}? Then store it as '
                  f'{names[missing[0]]!r}, or say '
                  f'keys=dict({missing[0]}={close[0]!r}).')
    raise ValueError(
        f'{path}: expected {" and ".join(names[key] for key in missing)}, '
        f'found {shapes or "no array"}. {advice}')
