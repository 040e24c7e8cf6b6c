# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Items of a data set in order, at most so many of each class."""
from typing import Any, Iterator, Optional

import numpy as np

from mmcurv.datasets import dataset_labels


class ClassSubset:
    """A sampler: every item in order, or a seeded draw from each class.

    In contrast to mmengine's samplers it does not share the items out among
    processes: each one that iterates sees all of them.

    Args:
        dataset: Its items; asked for its labels only if there is a bound.
        max_per_class (int, optional): Items of a class at most. Defaults to
            None, which is all.
        seed (int): Of the draw. Defaults to 0.
    """

    def __init__(self,
                 dataset: Any,
                 max_per_class: Optional[int] = None,
                 seed: int = 0):
        self.positions = np.arange(len(dataset))
        if max_per_class is not None:
            labels = dataset_labels(dataset)
            # A random order, from which each class gives its first items.
            order = np.random.default_rng(seed).permutation(len(labels))
            order = order[np.argsort(labels[order], kind='stable')]
            _, first, count = np.unique(
                labels[order], return_index=True, return_counts=True)
            place = np.arange(len(order)) - np.repeat(first, count)
            self.positions = np.sort(order[place < max_per_class])

    def __iter__(self) -> Iterator[int]:
        return iter(self.positions.tolist())

    def __len__(self) -> int:
        return len(self.positions)
