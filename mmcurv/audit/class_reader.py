# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Samples of one class at a time, from memory or from a memory map.

Few points are read once. Of others a memory map is opened anew for each class,
so that an audit holds one class.
"""
import contextlib
from typing import Iterator, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from .result_cache import reopened

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


class ClassReader:
    """Gives the points of a class, scaled as asked for.

    A memory map is opened anew for each class and closed again, so that the
    pages of classes that are done with do not stay in memory; unless all
    points are few enough to be held.

    Args:
        features (np.ndarray): (N, p) floating point.
        labels (np.ndarray): (N,) integers in [0, C).
        num_classes (int): C.
        keep (np.ndarray, optional): (N,) bool, the samples to use. Defaults
            to None: all of them.
        scaling (str): 'raw', 'unit' or 'standard', see
            :class:`~mmcurv.audit.options.AuditOptions`. Defaults to
            'raw'.
        at_most (int, optional): Points of a class; of a larger one so many
            are drawn. Defaults to None: all.
        seed (int): Of the draw. Defaults to 0.
        hold (int): Bytes up to which all points are read once and held.
            Defaults to 0: never.

    Attributes:
        held (Tensor, optional): (N, p) points of all classes, class by class;
            None where they are too many.
        counts (list[int]): (C,) points of each class that are read.
        present (list[int]): Classes that have some.
        precision (float): Relative unit in the last place of the features
            where they are stored, and no less than that of float32, in which
            networks compute.
    """

    def __init__(self,
                 features: np.ndarray,
                 labels: np.ndarray,
                 num_classes: int,
                 keep: Optional[np.ndarray] = None,
                 scaling: str = 'raw',
                 at_most: Optional[int] = None,
                 seed: int = 0,
                 hold: int = 0) -> None:
        self.features = features
        rows = np.arange(len(labels)) if keep is None else np.flatnonzero(keep)
        rows = rows[np.argsort(labels[rows], kind='stable')]
        count = np.bincount(labels[rows], minlength=num_classes)
        self._rows = np.split(rows, count.cumsum()[:-1])
        if at_most is not None:
            rng = np.random.default_rng(seed)
            self._rows = [
                own if len(own) <= at_most else np.sort(
                    rng.choice(own, at_most, replace=False))
                for own in self._rows
            ]
        self.counts: List[int] = [len(own) for own in self._rows]
        self.present = [c for c, n in enumerate(self.counts) if n]
        self.precision = max(
            float(np.finfo(features.dtype).eps),
            float(np.finfo(np.float32).eps))
        self._scaling = scaling
        self._shift_and_scale = None
        if scaling == 'standard':
            self._shift_and_scale = self._mean_and_deviation()
        self.held = None
        size = sum(self.counts) * self.feature_dim * self.dtype.itemsize
        if size <= hold:
            self.held = self._scaled(self._read(np.concatenate(self._rows)))
            self._parts = self.held.split(self.counts)

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
        if self.held is not None:
            return self._parts[c]
        return self._scaled(self._read(self._rows[c]))

    def _scaled(self, points: Tensor) -> Tensor:
        if self._scaling == 'unit':
            length = points.norm(dim=1, keepdim=True)
            points /= torch.where(length > 0, length, 1)
        elif self._shift_and_scale is not None:
            shift, scale = self._shift_and_scale
            points = (points - shift) / scale
        return points

    def _read(self, rows: np.ndarray) -> Tensor:
        features = reopened(self.features)
        dtype = np.float64 if self.dtype == torch.float64 else np.float32
        # Of rows in order, which are one block if as many as they span.
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows)
                                                                  > 0).all():
            rows = slice(rows[0], rows[-1] + 1)
        return torch.from_numpy(np.array(features[rows], dtype, order='C'))

    def _mean_and_deviation(self) -> Tuple[Tensor, Tensor]:
        """Mean and standard deviation (p,); 1 where a feature is constant."""
        present = [c for c, count in enumerate(self.counts) if count]
        total = sum(self.counts)
        mean = sum(self._read(self._rows[c]).double().sum(0)
                   for c in present) / total
        square = sum(
            (self._read(self._rows[c]).double() - mean).square().sum(0)
            for c in present)
        deviation = (square / total).sqrt()
        deviation = torch.where(deviation > 0, deviation, 1)
        return mean.to(self.dtype), deviation.to(self.dtype)
