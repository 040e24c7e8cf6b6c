# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features that are written row by row and survive an interruption."""
import json
import os
import os.path as osp
import shutil
from typing import Any, Dict, Optional

import numpy as np

from mmcurv.audit.feature_bank import (FeatureBank, is_finished, load_bank,
                                       save_bank)
from mmcurv.files import write_json
from .config_options import UsageError

SCHEMA = 'mmcurv.extraction'
SCHEMA_VERSION = 1
PROGRESS = 'progress.json'


class UnfinishedBank:
    """A folder that becomes a ``FeatureBank``.

    Rows go straight into ``.npy`` files of the final size; ``progress.json``
    says how many are good. Opening the folder of another extraction, one with
    another identity, throws its rows away.

    Args:
        folder (str): Made when the first rows are written.
        identity (dict): What the rows depend on, strings by name.
        num_rows (int): N.

    Attributes:
        done (int): Rows that are good, from the first on.
        finished (bool): Whether the bank is whole.
        changed (list[str]): Names in the identity that differ from those of
            an older extraction in this folder.
    """

    def __init__(self, folder: str, identity: Dict[str, Any], num_rows: int):
        self.folder = folder
        self.identity = identity
        self.num_rows = num_rows
        self.done, self.finished, self._arrays = 0, False, {}
        older = self._older_identity()
        self.changed = [
            name for name in identity
            if older is not None and older.get(name) != identity[name]
        ]
        if older is None or self.changed:
            return
        self.finished = is_finished(folder)
        self.done = num_rows if self.finished else self._reopen()

    def write(self, start: int, features: np.ndarray,
              **columns: np.ndarray) -> None:
        """Write rows that are not written yet.

        Args:
            start (int): Number of the first row, at most ``done``.
            features (np.ndarray): (B, p), float32.
            columns (np.ndarray): (B,) each, such as predictions.
        """
        if not self._arrays:
            self._create(features.shape[1], columns)
        end = start + len(features)
        for name, values in dict(columns, features=features).items():
            self._arrays[name][self.done:end] = values[self.done - start:]
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
                    columns=sorted(set(self._arrays) - {'features'}),
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
        save_bank(
            FeatureBank(features=self._arrays['features'], **parts),
            self.folder)
        self._arrays, self.finished = {}, True
        os.remove(self._path(PROGRESS))

    def _path(self, name: str) -> str:
        return osp.join(self.folder, name)

    def _older_identity(self) -> Optional[Dict[str, Any]]:
        if is_finished(self.folder):
            try:
                return load_bank(self.folder).metadata
            except ValueError as error:
                raise UsageError(f'{error} Remove that folder, or give '
                                 'another --out-dir') from error
        if not osp.isfile(self._path(PROGRESS)):
            return None
        return self._record()['identity']

    def _record(self) -> Dict[str, Any]:
        with open(self._path(PROGRESS), encoding='utf-8') as file:
            return json.load(file)

    def _reopen(self) -> int:
        record = self._record()
        names = ['features', *record['columns']]
        paths = {name: self._path(f'{name}.npy') for name in names}
        if not all(map(osp.isfile, paths.values())):
            return 0  # someone has removed them
        self._arrays = {
            name: np.load(path, mmap_mode='r+', allow_pickle=False)
            for name, path in paths.items()
        }
        return record['done']

    def _create(self, num_features: int, columns: Dict[str, np.ndarray]):
        os.makedirs(self.folder, exist_ok=True)
        # The records first: without them, old rows mean nothing.
        for name in ('bank.json', PROGRESS):
            if osp.exists(self._path(name)):
                os.remove(self._path(name))
        shapes = {name: (self.num_rows, ) for name in columns}
        shapes['features'] = (self.num_rows, num_features)
        self._check_space(4 * self.num_rows * num_features)
        for name, shape in shapes.items():
            dtype = np.float32 if name == 'features' else columns[name].dtype
            path = self._path(f'{name}.npy')
            if osp.exists(path):
                os.remove(path)  # not truncated: someone may be reading it
            self._arrays[name] = np.lib.format.open_memmap(
                path, mode='w+', dtype=dtype, shape=shape)
        self.keep()

    def _check_space(self, needed: int) -> None:
        # A sparse file can be made on a full disk, and the process then dies
        # by a signal when it writes.
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise UsageError(
                f'--out-dir {self.folder}: expected {needed / 1e9:.1f} GB of '
                f'free space for {self.num_rows} rows of features, found '
                f'{free / 1e9:.1f} GB; choose another folder, or pool the '
                'maps by avg')
