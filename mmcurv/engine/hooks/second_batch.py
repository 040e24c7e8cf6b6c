# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gives a step the images of a second, differently weighted draw."""
from typing import Any, Dict, Optional, Union

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from torch import Tensor
from torch.utils.data import DataLoader

from mmcurv.datasets.samplers import WeightedSampler
from mmcurv.engine.common import epoch_of_run, stream_at, unwrapped
from mmcurv.models.classifiers import BBNClassifier
from mmcurv.registry import HOOKS
from mmcurv.samples import get_labels, mark_second
from .random_state import RandomStateHook


@HOOKS.register_module()
class SecondBatchHook(Hook):
    """Append a second batch to each batch, for networks of two branches.

    BBN (Zhou et al., 2020) trains one branch on images as they come and the
    other on those of a reversed sampler, which draws class c with probability
    proportional to 1/n_c and then any of its images. The images of a second
    loader over the train set follow those of the train loader: 2B ``inputs``
    for B ``data_samples``, which stay those of the train loader and carry the
    labels of the others (:mod:`~mmcurv.samples`).

    What is drawn follows from seed and epoch, and the states of the pipeline
    are in the checkpoints; a :class:`RandomStateHook` is registered if there
    is none. So a resumed run repeats the uninterrupted one.

    Args:
        weights (str | float): How often the second loader draws each class,
            see :class:`~mmcurv.datasets.samplers.WeightedSampler`. Defaults
            to 'reversed'.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.BBNClassifier', head=dict(type='mmcurv.BBNHead'))
        >>> default_hooks = dict(
        ...     second_batch=dict(type='mmcurv.SecondBatchHook'))
    """
    priority = 'NORMAL'

    def __init__(self, weights: Union[str, float] = 'reversed'):
        self.weights = weights
        self.loader = None

    def before_run(self, runner) -> None:
        """Make sure that the states of the pipeline are saved."""
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())

    def before_train(self, runner) -> None:
        """Check that the model takes two batches; build the second loader."""
        model = unwrapped(runner.model)
        if not isinstance(model, BBNClassifier):
            raise TypeError(
                'SecondBatchHook expected a model that trains on two batches, '
                f'got {type(model).__name__}. Use '
                "model=dict(type='mmcurv.BBNClassifier', ...), or remove the "
                'hook.')
        for name in ('batch_augments', 'to_onehot'):
            if getattr(model.data_preprocessor, name, None):
                raise ValueError(
                    f'{name} of the data preprocessor makes soft labels, of '
                    f'the first of two batches alone. Remove {name}: each '
                    'batch has its own hard labels.')
        self.loader = WeightedLoader(runner.train_dataloader, runner.seed,
                                     self.weights, 'second_batch', get_rank(),
                                     get_world_size())

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Append the images of the second batch, and note their labels."""
        samples = data_batch['data_samples']
        second = self.loader.next_batch(epoch_of_run(runner))
        images = second['inputs'][:len(samples)]
        mark_second(samples, get_labels(second['data_samples'][:len(samples)]))
        first = data_batch['inputs']
        if isinstance(first, Tensor):
            data_batch['inputs'] = torch.cat([first, images])
        else:
            data_batch['inputs'] = [*first, *images]

    def after_train_epoch(self, runner) -> None:
        """End the workers."""
        self.loader.close()


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
