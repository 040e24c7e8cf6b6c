# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What all samplers here share: one draw per epoch, dealt out by rank."""
import logging
import math
from itertools import islice
from typing import Any, Iterable, Iterator, List, Optional

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.logging import print_log
from torch.utils.data import Sampler

from mmcurv.datasets.class_counts import count_labels, named_classes
from mmcurv.datasets.dataset_labels import dataset_labels


class EpochSampler(Sampler):
    """Base of samplers that draw by class.

    All processes make the same draw, from ``seed + epoch`` alone, and each
    takes every W-th of it, so that together they train on the batches of one
    process and a resumed epoch repeats itself. mmengine's
    ``DistSamplerSeedHook``, which a Runner has by default, tells the epoch.

    Args:
        dataset: A dataset with one integer label per item, see
            :func:`~mmcurv.datasets.dataset_labels.dataset_labels`.
        seed (int, optional): Seed, the same in all processes. Defaults to
            None, which draws one; a Runner gives its own.
        length (int, optional): Items of an epoch, of all processes together,
            rounded up to a multiple of their number. Defaults to None, which
            is ``len(dataset)``. The originals train on floor(length / batch
            size) batches: set ``drop_last=True`` in the loader.

    Raises:
        ValueError: If the dataset is empty, or ``length`` is not positive.
    """

    def __init__(self,
                 dataset: Any,
                 seed: Optional[int] = None,
                 length: Optional[int] = None):
        if length is not None and length < 1:
            raise ValueError(
                f'an epoch needs at least one item, but got length={length}.')
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.items = items_by_class(dataset)
        length = len(dataset) if length is None else length
        self.num_samples = math.ceil(length / self.world_size)

    def draw(self, num_samples: int,
             generator: torch.Generator) -> Iterable[int]:
        """The items of one epoch of all processes.

        Args:
            num_samples (int): How many.
            generator (torch.Generator): The only source of randomness.

        Returns:
            Iterable[int]: Positions in the dataset.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        """This process's share of the epoch."""
        generator = torch.Generator()
        generator.manual_seed(self.seed + self.epoch)
        drawn = self.draw(self.num_samples * self.world_size, generator)
        return islice(drawn, self.rank, None, self.world_size)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is drawn next, counted from 0."""
        self.epoch = epoch


def items_by_class(dataset: Any) -> List[np.ndarray]:
    """Positions of each class's items; classes without any are named.

    Args:
        dataset: A dataset with one integer label per item.

    Returns:
        list[np.ndarray]: C arrays, (n_c,) int64, each in ascending order.

    Raises:
        ValueError: If the dataset is empty.
    """
    labels = dataset_labels(dataset)
    if len(labels) == 0:
        raise ValueError(f'{type(dataset).__name__} has no image to draw.')
    counts = count_labels(labels, named_classes(dataset))
    empty = [c for c, count in enumerate(counts) if count == 0]
    if empty:
        print_log(
            f'{len(empty)} of {len(counts)} classes have no image and are '
            f'never drawn: {", ".join(map(str, empty[:10]))}'
            f'{", ..." if len(empty) > 10 else ""}.',
            logger='current',
            level=logging.WARNING)
    order = np.argsort(labels, kind='stable')
    return np.split(order, np.cumsum(counts)[:-1])
