# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A second loader over the train set that draws images by class."""
from typing import Any, Dict, Optional, Union

import torch
from torch.utils.data import DataLoader

from mmcurv.datasets.samplers import WeightedSampler
from .random_streams import stream_at


class WeightedLoader:
    """Batches of a weighted draw with replacement, beside the train loader.

    The items come from the data set of the train loader, by its pipeline,
    which augments each of them anew. What is drawn follows from the seed and
    the epoch: one draw for all processes, of which each takes its part. The
    workers, if there are any, live for an epoch and are seeded by seed, rank
    and epoch; without workers the pipeline uses the global generators.

    Args:
        loader (DataLoader): The train loader; batch size, collate function,
            workers and length of an epoch are as there.
        seed (int): Of the run.
        weights (str | float): See
            :class:`~mmcurv.datasets.samplers.WeightedSampler`.
        purpose (str): Its random streams are ``<purpose>_sampler`` and
            ``<purpose>_workers``.
        rank (int): Of this process.
        world_size (int): Number of processes.

    Raises:
        TypeError: If the train loader has no batch size.
    """

    def __init__(self, loader: DataLoader, seed: int, weights: Union[str,
                                                                     float],
                 purpose: str, rank: int, world_size: int):
        self.seed = seed
        self.purpose = purpose
        self.rank = rank
        batch_size = getattr(loader.batch_sampler, 'batch_size', None)
        if batch_size is None:
            raise TypeError(
                'expected a train loader whose batch sampler has a '
                f'batch_size, got {type(loader.batch_sampler).__name__}. A '
                'second batch of that size is drawn beside each of its own.')
        self.sampler = WeightedSampler(
            loader.dataset,
            weights=weights,
            seed=int(stream_at(f'{purpose}_sampler', seed).integers(2**32)),
            length=batch_size * len(loader) * world_size)
        self._seeds = torch.Generator()  # of the workers
        self._loader = DataLoader(
            loader.dataset,
            batch_size=batch_size,
            sampler=self.sampler,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            multiprocessing_context=loader.multiprocessing_context,
            generator=self._seeds)
        self._epoch: Optional[int] = None
        self._batches = None

    def next_batch(self, epoch: int) -> Dict[str, Any]:
        """The next batch of an epoch, the first when the epoch is a new one.

        Args:
            epoch (int): Counted from 0.

        Returns:
            dict: As the train loader gives it. There are as many in an epoch
            as there.
        """
        if epoch != self._epoch:
            self.close()
            seeds = stream_at(f'{self.purpose}_workers', self.seed, self.rank,
                              epoch)
            self._seeds.manual_seed(int(seeds.integers(2**32)))
            self.sampler.set_epoch(epoch)
            self._batches, self._epoch = iter(self._loader), epoch
        return next(self._batches)

    def close(self) -> None:
        """End the epoch and its workers."""
        self._batches, self._epoch = None, None
