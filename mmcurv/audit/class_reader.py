# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Samples of one class at a time, and results kept as they come.

A memory map is opened anew for each class, so that an audit holds one class;
what is known of a class is kept in a file, so that work goes on where it was.
"""
import contextlib
import hashlib
import json
import os
import os.path as osp
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor


def reopened(array: np.ndarray) -> np.ndarray:
    """The same values; those of a memory map in a map of their own.

    Pages of a map stay in memory until it is closed. Whoever reads a large
    one part by part opens it anew for each part, and so holds one part.

    Args:
        array (np.ndarray): Any array.

    Returns:
        np.ndarray: A read-only map of the same file if ``array`` is all of
        what was mapped, else ``array`` itself.
    """
    whole = (
        isinstance(array, np.memmap) and array.flags.c_contiguous
        and array.filename is not None and array.base is not None
        and not isinstance(array.base, np.ndarray))
    if not whole:
        return array
    return np.memmap(array.filename, array.dtype, 'r', array.offset,
                     array.shape)


class ClassReader:
    """Gives the points of a class, scaled as asked for.

    A memory map is opened anew for each class and closed again, so that the
    pages of classes that are done with do not stay in memory.

    Args:
        features (np.ndarray): (N, p) floating point.
        labels (np.ndarray): (N,) integers in [0, C).
        num_classes (int): C.
        keep (np.ndarray, optional): (N,) bool, the samples to use. Defaults
            to None: all of them.
        scaling (str): 'raw', 'unit' or 'standard', see
            :class:`~mmcurv.audit.options.AuditOptions`. Defaults to
            'raw'.
    """

    def __init__(self,
                 features: np.ndarray,
                 labels: np.ndarray,
                 num_classes: int,
                 keep: Optional[np.ndarray] = None,
                 scaling: str = 'raw') -> None:
        self.features = features
        rows = np.arange(len(labels)) if keep is None else np.flatnonzero(keep)
        rows = rows[np.argsort(labels[rows], kind='stable')]
        count = np.bincount(labels[rows], minlength=num_classes)
        self.counts: List[int] = count.tolist()
        self._rows = np.split(rows, count.cumsum()[:-1])
        self._scaling = scaling
        self._shift_and_scale = None
        if scaling == 'standard':
            self._shift_and_scale = self._mean_and_deviation()

    @property
    def feature_dim(self) -> int:
        return self.features.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """float64 for float64 features, else float32."""
        wide = self.features.dtype.itemsize > 4
        return torch.float64 if wide else torch.float32

    def __call__(self, c: int) -> Tensor:
        """Points (n, p) of class c, in the order of the samples."""
        points = self._raw(c)
        if self._scaling == 'unit':
            length = points.norm(dim=1, keepdim=True)
            points /= torch.where(length > 0, length, 1)
        elif self._shift_and_scale is not None:
            shift, scale = self._shift_and_scale
            points = (points - shift) / scale
        return points

    def _raw(self, c: int) -> Tensor:
        rows, features = self._rows[c], reopened(self.features)
        dtype = np.float64 if self.dtype == torch.float64 else np.float32
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            rows = slice(rows[0], rows[-1] + 1)
        return torch.from_numpy(np.array(features[rows], dtype, order='C'))

    def _mean_and_deviation(self) -> Tuple[Tensor, Tensor]:
        """Mean and standard deviation (p,); 1 where a feature is constant."""
        present = [c for c, count in enumerate(self.counts) if count]
        total = sum(self.counts)
        mean = sum(self._raw(c).double().sum(0) for c in present) / total
        square = sum(
            (self._raw(c).double() - mean).square().sum(0) for c in present)
        deviation = (square / total).sqrt()
        deviation = torch.where(deviation > 0, deviation, 1)
        return mean.to(self.dtype), deviation.to(self.dtype)


SMALL = 2e8  # multiplications of the largest single operation


@contextlib.contextmanager
def threads_for(multiplications: float) -> Iterator[None]:
    """Use one thread of torch where no operation is large.

    The geometry of a small class is thousands of short operations. On two
    busy cores they took thirty times as long with two threads as with one.

    Args:
        multiplications (float): Of the largest operation at hand.
    """
    before = torch.get_num_threads()
    if multiplications < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class ResultCache:
    """Named results of one computation, appended to a file.

    The first line of the file names the key, each further one a result. A
    line that a killed process left unfinished is dropped.

    Args:
        path (str, optional): The file; one of another key is replaced.
            Defaults to None: results are kept in memory only.
        key (str): Hash of all that the results depend on. Defaults to ''.
    """

    def __init__(self, path: Optional[str] = None, key: str = '') -> None:
        self.path = path
        self._results = {}
        if path is None:
            return
        lines = _whole_lines(path)
        if lines and lines[0] == dict(key=key):
            self._results = {line['name']: line['value'] for line in lines[1:]}
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            for line in [dict(key=key)] + [
                    dict(name=name, value=value)
                    for name, value in self._results.items()
            ]:
                file.write(json.dumps(line) + '\n')

    def __len__(self) -> int:
        return len(self._results)

    def get(self, name: str, compute: Callable[[], Any]) -> Any:
        """The result of that name, computed and kept if it is missing.

        Args:
            name (str): Its name.
            compute (Callable): Gives JSON values; nan is allowed.
        """
        if name not in self._results:
            value = compute()
            if self.path is not None:
                with open(self.path, 'a', encoding='utf-8') as file:
                    line = dict(name=name, value=value)
                    file.write(json.dumps(line) + '\n')
            self._results[name] = value
        return self._results[name]


def arrays_key(*arrays: Any, **values: Any) -> str:
    """SHA-256 over arrays and JSON values.

    Args:
        *arrays (np.ndarray): Any shape; memory maps are read in chunks.
        **values: JSON values.

    Returns:
        str: 64 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for array in arrays:
        digest.update(f'{array.shape} {array.dtype}'.encode())
        step = max(1, (1 << 24) // max(1, array[:1].nbytes))
        for start in range(0, len(array), step):
            part = reopened(array)[start:start + step]
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()


def _whole_lines(path: str) -> list:
    if not osp.isfile(path):
        return []
    lines = []
    with open(path, encoding='utf-8', errors='replace') as file:
        for text in file:
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:
                break
    return lines


# Called with what is being done, how many steps are done, and of how many.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
