# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features of one split of a data set, and what a model made of them."""
import json
import os
import os.path as osp
from dataclasses import dataclass, field
from typing import List, Optional

import numpy as np

from mmcurv.files import read_record, whole_file, write_json

SCHEMA = 'mmcurv.feature_bank'
SCHEMA_VERSION = 1
PER_SAMPLE = ('labels', 'predictions', 'confidence', 'top5', 'nll', 'brier')
PER_CLASS = ('class_accuracy', 'train_counts')
INTEGERS = ('labels', 'predictions', 'top5', 'train_counts')


@dataclass
class FeatureBank:
    """One split's arrays, plus where they are from.

    N samples, p features, C classes. Nothing is checked here:
    :func:`save_bank` and :func:`load_bank` check shapes and labels.

    Attributes:
        features (np.ndarray, optional): (N, p) floating point; may be a
            read-only memory map. None where only the accuracy is asked for.
        labels (np.ndarray): (N,) int64 in [0, C), the true classes.
        class_names (list[str]): The C names, raw: whoever writes them into
            HTML escapes them.
        predictions (np.ndarray, optional): (N,) int64 in [0, C).
        confidence (np.ndarray, optional): (N,) largest softmax probability,
            a fraction.
        top5 (np.ndarray, optional): (N,) 1 where the true class is among the
            five likeliest, else 0.
        nll (np.ndarray, optional): (N,) minus the natural log of the true
            class's probability.
        brier (np.ndarray, optional): (N,) squared distance of the
            probabilities from the truth, 0 to 2.
        scores (np.ndarray, optional): (N, C) logits or probabilities; not
            among what is saved.
        class_accuracy (np.ndarray, optional): (C,) fractions; nan for an
            absent class.
        train_counts (np.ndarray, optional): (C,) int64, training images.
        paths (list[str], optional): N image files.
        sample_ids (list[str], optional): N names of samples, no two alike.
        metadata (dict): JSON values: source, config, checkpoint,
            checkpoint_sha256, feature_file, feature_file_sha256, model,
            layer, pooling, split ('train' or 'test'), fingerprint, epoch,
            mmcurv, torch, created; those that are known.
    """
    features: Optional[np.ndarray]
    labels: np.ndarray
    class_names: List[str]
    predictions: Optional[np.ndarray] = None
    confidence: Optional[np.ndarray] = None
    top5: Optional[np.ndarray] = None
    nll: Optional[np.ndarray] = None
    brier: Optional[np.ndarray] = None
    scores: Optional[np.ndarray] = None
    class_accuracy: Optional[np.ndarray] = None
    train_counts: Optional[np.ndarray] = None
    paths: Optional[List[str]] = None
    sample_ids: Optional[List[str]] = None
    metadata: dict = field(default_factory=dict)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)


def save_bank(bank: FeatureBank, folder: str) -> None:
    """Save a bank as a folder that :func:`load_bank` reads.

    Each array is a ``.npy`` file. ``bank.json`` is written last, so that a
    folder without it is one whose writing was interrupted. Features that are
    a memory map of ``features.npy`` in that very folder are left where they
    are: a long extraction fills that file itself and then saves the bank.

    Args:
        bank (FeatureBank): Arrays as its docstring says.
        folder (str): Made if it is missing; an older bank in it is replaced.

    Raises:
        ValueError: If shapes do not agree, or a label or prediction is
            outside [0, C).
    """
    check_bank(bank)
    os.makedirs(folder, exist_ok=True)
    if is_finished(folder):
        os.remove(osp.join(folder, 'bank.json'))
    place = osp.join(folder, 'features.npy')
    if _maps(bank.features, place):
        bank.features.flush()
    else:
        _write_array(place, bank.features)
    present = [
        name for name in PER_SAMPLE + PER_CLASS
        if getattr(bank, name) is not None
    ]
    for name in present:
        dtype = np.int64 if name in INTEGERS else np.float64
        _write_array(
            osp.join(folder, f'{name}.npy'),
            np.asarray(getattr(bank, name)).astype(dtype))
    if bank.paths is not None:
        write_json(osp.join(folder, 'paths.json'), list(bank.paths))
    write_json(
        osp.join(folder, 'bank.json'),
        dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            num_features=len(bank.features),
            feature_dim=bank.features.shape[1],
            arrays=present,
            has_paths=bank.paths is not None,
            class_names=list(bank.class_names),
            metadata=bank.metadata))


def load_bank(folder: str) -> FeatureBank:
    """Load what :func:`save_bank` wrote; features stay on disk.

    Args:
        folder (str): The bank's folder.

    Returns:
        FeatureBank: Its features are a read-only memory map.

    Raises:
        FileNotFoundError: If the folder holds no finished bank.
        ValueError: If it is of another schema, or its arrays do not agree.
    """
    if not is_finished(folder):
        raise FileNotFoundError(
            f'{folder}: expected a feature bank with a bank.json, found '
            f'{_listing(folder)}. bank.json is written last: extract the '
            'features again, which goes on where it was interrupted.')
    record = read_record(
        osp.join(folder, 'bank.json'), SCHEMA, SCHEMA_VERSION,
        ('arrays', 'has_paths', 'class_names', 'metadata'),
        'Extract the features with this version of mmcurv.')
    arrays = {
        name: _read_array(folder, name)
        for name in record['arrays'] if name in PER_SAMPLE + PER_CLASS
    }
    paths = None
    if record['has_paths']:
        with open(osp.join(folder, 'paths.json'), encoding='utf-8') as file:
            paths = json.load(file)
    bank = FeatureBank(
        features=_read_array(folder, 'features', mmap_mode='r'),
        class_names=record['class_names'],
        paths=paths,
        metadata=record['metadata'],
        **arrays)
    try:
        check_bank(bank)
    except ValueError as error:
        raise ValueError(f'{folder}: {error}') from None
    return bank


def is_finished(folder: str) -> bool:
    """Whether a folder holds a bank that was written to its end."""
    return osp.isfile(osp.join(folder, 'bank.json'))


def check_bank(bank: FeatureBank) -> None:
    """Raise ValueError where a bank's arrays do not fit each other."""
    shape = np.shape(bank.features)
    if bank.features is None:
        shape = (len(bank.labels), 0)
    if len(shape) != 2:
        raise ValueError(f'features: expected shape (N, p), got {shape}; '
                         'pool or flatten each sample to one row.')
    expected = dict.fromkeys(PER_SAMPLE, (shape[0], 'N'))
    expected.update(dict.fromkeys(PER_CLASS, (bank.num_classes, 'C')))
    expected.update(paths=(shape[0], 'N'), sample_ids=(shape[0], 'N'))
    for name, (length, letter) in expected.items():
        value = getattr(bank, name)
        if value is not None and np.shape(value) != (length, ):
            raise ValueError(
                f'{name}: expected shape ({letter},) = ({length},), got '
                f'{np.shape(value)}; features have shape {shape} and there '
                f'are {bank.num_classes} class names. Give one entry per '
                f'{"sample" if letter == "N" else "class"}, in one order.')
    for name in ('labels', 'predictions'):
        _check_range(name, getattr(bank, name), bank.num_classes)


def _check_range(name: str, values: Optional[np.ndarray],
                 num_classes: int) -> None:
    if values is None or not len(values):
        return
    outside = (values < 0) | (values >= num_classes)
    if outside.any():
        raise ValueError(
            f'{name}: expected integers in [0, {num_classes}), but '
            f'{outside.sum()} of {len(values)} lie outside (min '
            f'{values.min()}, max {values.max()}). Give a name to every '
            'class, or number the classes 0..C-1.')


def _maps(array: np.ndarray, path: str) -> bool:
    """Whether ``array`` is all of the ``.npy`` file at ``path``."""
    filename = getattr(array, 'filename', None)
    if filename is None or not osp.isfile(path):
        return False
    if not osp.samefile(filename, path):
        return False
    stored = np.load(path, mmap_mode='r', allow_pickle=False)
    whole = (array.shape, array.dtype) == (stored.shape, stored.dtype)
    if not whole:
        raise ValueError(
            f'features: expected all of {path}, of shape {stored.shape}, got '
            f'a part of shape {array.shape}, which would overwrite itself; '
            'save to another folder.')
    return True


def _write_array(path: str, array: np.ndarray) -> None:
    with whole_file(path) as file:
        np.save(file, array, allow_pickle=False)


def _read_array(folder: str, name: str, **options) -> np.ndarray:
    path = osp.join(folder, f'{name}.npy')
    if not osp.isfile(path):
        raise ValueError(f'{folder}: expected {name}.npy, which its '
                         f'bank.json names, found {_listing(folder)}. '
                         'Extract the features again.')
    try:
        return np.load(path, allow_pickle=False, **options)
    except (ValueError, EOFError) as error:
        raise ValueError(f'{path}: expected an array of numbers as np.save '
                         f'writes it, but: {error} Objects are not loaded, '
                         'because they can run code.') from None


def _listing(folder: str) -> str:
    if not osp.isdir(folder):
        return 'no such folder'
    return ', '.join(sorted(os.listdir(folder))) or 'nothing'
