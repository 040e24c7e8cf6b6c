# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features that are written row by row and survive an interruption."""
import json
import os
import os.path as osp
import shutil
import zlib
from typing import Any, Dict, Optional, Tuple

import numpy as np

from mmcurv.arguments import UsageError
from mmcurv.audit import feature_bank
from mmcurv.audit.feature_bank import (FeatureBank, is_finished, load_bank,
                                       save_bank)
from mmcurv.files import write_json

SCHEMA = 'mmcurv.extraction'
SCHEMA_VERSION = 2
PROGRESS = 'progress.json'
BLOCK = 1 << 24  # bytes that are summed at once


class UnfinishedBank:
    """A folder that becomes a ``FeatureBank``.

    Rows go straight into ``.npy`` files of the final size; ``progress.json``
    says how many are good, and their check sums. Opening the folder of
    another extraction, one with another identity, throws its rows away; so
    does opening one whose files are not what was written.

    Args:
        folder (str): Made when the first rows are written.
        identity (dict): What the rows depend on, strings by name.
        num_rows (int): N.

    Attributes:
        done (int): Rows that are good, from the first on.
        finished (bool): Whether the bank is whole.
        changed (list[str]): Names in the identity that differ from those of
            an older extraction in this folder.
        broken (str): What is wrong with the files of this extraction; ''
            if nothing is.
    """

    def __init__(self, folder: str, identity: Dict[str, Any], num_rows: int):
        self.folder = folder
        self.identity = identity
        self.num_rows = num_rows
        self.done, self.finished, self.changed = 0, False, []
        self.broken = ''
        self._arrays: Dict[str, np.ndarray] = {}
        self._sums: Dict[str, int] = {}
        try:
            older = self._older()
            if older is None:
                return
            self.changed = [
                name for name in identity
                if older['identity'].get(name) != identity[name]
            ]
            if not self.changed:
                self._take(older)
        except (ValueError, KeyError, TypeError, EOFError, OSError) as error:
            if isinstance(error, UsageError):
                raise
            self.broken = f'its files are not what was written ({error})'

    def create(self, num_features: int, columns: Dict[str, np.dtype]) -> None:
        """Make the files in full length, unless they are there.

        Args:
            num_features (int): p.
            columns (dict[str, np.dtype]): Types of the columns.

        Raises:
            UsageError: If the disk lacks the space.
        """
        if self._arrays:
            return
        os.makedirs(self.folder, exist_ok=True)
        # The records first: without them, old rows mean nothing.
        for name in ('bank.json', PROGRESS):
            if osp.exists(self._path(name)):
                os.remove(self._path(name))
        for name, (shape, dtype) in self._parts(num_features, columns).items():
            path = self._path(f'{name}.npy')
            if osp.exists(path):
                os.remove(path)  # not truncated: someone may be reading it
            array = np.lib.format.open_memmap(
                path, mode='w+', dtype=dtype, shape=shape)
            self._arrays[name], self._sums[name] = array, 0
            _reserve(path)
        self.keep()

    def missing_bytes(self, num_features: int, columns: Dict[str,
                                                             np.dtype]) -> int:
        """Space that :meth:`create` and the rows will need."""
        if self.finished or self._arrays:
            return 0
        parts = self._parts(num_features, columns)
        freed = [self._path(f'{name}.npy') for name in parts]
        return sum(
            int(np.prod(shape)) * dtype.itemsize
            for shape, dtype in parts.values()) - sum(
                osp.getsize(path) for path in freed if osp.isfile(path))

    def write(self, start: int, features: np.ndarray,
              **columns: np.ndarray) -> None:
        """Write rows that are not written yet.

        Args:
            start (int): Number of the first row, at most ``done``.
            features (np.ndarray): (B, p), float32.
            columns (np.ndarray): (B,) each, such as predictions.
        """
        self.create(features.shape[1], {
            name: each.dtype
            for name, each in columns.items()
        })
        end = start + len(features)
        for name, values in dict(columns, features=features).items():
            rows = self._arrays[name][self.done:end]
            rows[...] = values[self.done - start:]
            self._sums[name] = zlib.crc32(rows.tobytes(), self._sums[name])
        self.done = max(self.done, end)

    def keep(self) -> None:
        """Write down how many rows are good; the rest may be lost."""
        for array in self._arrays.values():
            array.flush()
        if self._arrays:
            write_json(
                self._path(PROGRESS),
                dict(
                    schema=SCHEMA,
                    schema_version=SCHEMA_VERSION,
                    done=self.done,
                    num_rows=self.num_rows,
                    crc32=self._sums,
                    identity=self.identity))

    def column(self, name: str) -> np.ndarray:
        """A column that was written, (N,)."""
        return np.array(self._arrays[name])

    def finish(self, **parts: Any) -> None:
        """Turn the folder into a bank.

        Args:
            parts: Arguments of :class:`~mmcurv.audit.feature_bank.
                FeatureBank` besides the features.
        """
        parts['metadata'] = dict(parts['metadata'], crc32=self._sums)
        save_bank(
            FeatureBank(features=self._arrays['features'], **parts),
            self.folder)
        self._arrays, self.finished = {}, True
        os.remove(self._path(PROGRESS))

    def _path(self, name: str) -> str:
        return osp.join(self.folder, name)

    def _parts(self, num_features: int,
               columns: Dict[str, np.dtype]) -> Dict[str, Tuple]:
        shape = (self.num_rows, )
        parts = {name: (shape, dtype) for name, dtype in columns.items()}
        parts['features'] = (*shape, num_features), np.dtype(np.float32)
        return parts

    def _older(self) -> Optional[Dict[str, Any]]:
        """What was written down of an extraction in this folder, if any."""
        if is_finished(self.folder):
            with open(self._path('bank.json'), encoding='utf-8') as file:
                record = json.load(file)
            version = record.get('schema_version')
            if version != feature_bank.SCHEMA_VERSION:
                raise UsageError(
                    f'{self.folder}: found a bank of version {version}, '
                    f'expected {feature_bank.SCHEMA_VERSION}. Remove that '
                    'folder, or give another --out-dir')
            metadata = record['metadata']
            return dict(identity=metadata, crc32=metadata.get('crc32', {}))
        if not osp.isfile(self._path(PROGRESS)):
            return None
        with open(self._path(PROGRESS), encoding='utf-8') as file:
            return json.load(file)

    def _take(self, older: Dict[str, Any]) -> None:
        """Go on from an older extraction, or raise for what is wrong."""
        if is_finished(self.folder):
            bank = load_bank(self.folder)
            done = len(bank.features)
            names = [
                name for name in older['crc32']
                if getattr(bank, name, None) is not None
            ]
        else:
            done, names = older['done'], list(older['crc32'])
        arrays = {name: self._mapped(name) for name in names}
        whole = is_finished(self.folder)
        if type(done) is not int or not 0 <= done <= self.num_rows or (
                whole and done != self.num_rows):
            raise ValueError(f'{done} of {self.num_rows} rows are said to be '
                             'done')
        for name, array in arrays.items():
            if _sum(array, done) != older['crc32'][name]:
                raise ValueError(f'{name}.npy holds other numbers')
        self.done, self.finished = done, whole
        if not whole and done:
            self._sums = dict(older['crc32'])
            self._arrays = {name: self._mapped(name, 'r+') for name in arrays}

    def _mapped(self, name: str, mode: str = 'r') -> np.ndarray:
        """A file of rows, which must have their number and no byte more.

        NumPy fills up a shortened file that it opens for writing.
        """
        path = self._path(f'{name}.npy')
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
        size = array.offset + array.nbytes
        if len(array) != self.num_rows or osp.getsize(path) != size:
            raise ValueError(f'{name}.npy has {len(array)} rows in '
                             f'{osp.getsize(path)} bytes, not '
                             f'{self.num_rows} rows')
        return array


def ask_for_space(banks: Dict[Tuple[str, str],
                              UnfinishedBank], features: Dict[str, np.ndarray],
                  columns: Dict[str, np.ndarray], split: str) -> None:
    """Make the files of a split, if there is space for those of all splits.

    A sparse file can be made on a full disk, and the process then dies by a
    signal when it writes.

    Args:
        banks (dict[tuple[str, str], UnfinishedBank]): By layer and split.
        features (dict[str, np.ndarray]): (B, p) of each layer.
        columns (dict[str, np.ndarray]): (B,) each.
        split (str): Whose files are made.

    Raises:
        UsageError: If the disk lacks the space. No file is made then.
    """
    dtypes = {name: each.dtype for name, each in columns.items()}
    known = {key: bank for key, bank in banks.items() if key[0] in features}
    needed = sum(
        bank.missing_bytes(features[layer].shape[1], dtypes)
        for (layer, _), bank in known.items())
    folder = place = next(iter(banks.values())).folder
    while not osp.isdir(place):
        place = osp.dirname(place) or '.'
    free = shutil.disk_usage(place).free
    if needed > free:
        rows = sum(bank.num_rows for bank in known.values()
                   if not bank.finished)
        raise UsageError(
            f'--out-dir {folder}: expected {needed / 1e9:.1f} GB of free '
            f'space for {rows} rows of features in {len(known)} banks, found '
            f'{free / 1e9:.1f} GB; choose another folder, or pool the maps by '
            'avg')
    for (layer, its_split), bank in known.items():
        if its_split == split and not bank.finished:
            bank.create(features[layer].shape[1], dtypes)


def _reserve(path: str) -> None:
    """Take the space of a sparse file now, where the system can."""
    if not hasattr(os, 'posix_fallocate'):
        return
    with open(path, 'r+b') as file:
        try:
            os.posix_fallocate(file.fileno(), 0, osp.getsize(path))
        except OSError as error:
            raise UsageError(f'--out-dir: no space for {path}: '
                             f'{error.strerror}; choose another folder, or '
                             'pool the maps by avg') from error


def _sum(array: np.ndarray, rows: int) -> int:
    """CRC-32 of the bytes of the first rows."""
    total, step = 0, max(1, BLOCK // max(1, array[:1].nbytes))
    for start in range(0, rows, step):
        block = array[start:min(start + step, rows)]
        total = zlib.crc32(block.tobytes(), total)
    return total
