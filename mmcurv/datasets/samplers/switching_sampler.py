# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Changes the sampler in the course of training."""
from typing import Any, Iterator, Optional

from torch.utils.data import Sampler

from mmcurv.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class SwitchingSampler(Sampler):
    """One sampler up to an epoch, another one from it on.

    With a class-balanced second sampler this is deferred re-sampling (DRS).
    The epoch alone decides, which mmengine's ``DistSamplerSeedHook`` tells
    before each epoch, on one process as well; so a resumed run is in the
    right phase, and no loader is rebuilt.

    Args:
        dataset: The dataset of both samplers.
        first (dict): Config of the sampler of the first epochs.
        second (dict): Config of the sampler from ``start_epoch`` on.
        start_epoch (int): First epoch of ``second``, counted from 1. The
            LDAM recipe of 200 epochs lowers its rate in epoch 161.
        seed (int, optional): Seed of both. Defaults to None.

    Raises:
        ValueError: If ``start_epoch`` is less than 1, or the samplers differ
            in length.

    Examples:
        >>> train_dataloader = dict(
        ...     sampler=dict(
        ...         type='mmcurv.SwitchingSampler',
        ...         first=dict(type='DefaultSampler', shuffle=True),
        ...         second=dict(type='mmcurv.WeightedSampler'),
        ...         start_epoch=161))
    """

    def __init__(self,
                 dataset: Any,
                 first: dict,
                 second: dict,
                 start_epoch: int,
                 seed: Optional[int] = None):
        if start_epoch < 1:
            raise ValueError('start_epoch is counted from 1, got '
                             f'{start_epoch}.')
        self.first, self.second = (
            DATA_SAMPLERS.build(
                config, default_args=dict(dataset=dataset, seed=seed))
            for config in (first, second))
        if len(self.first) != len(self.second):
            raise ValueError(
                'both samplers must give as many items in an epoch, because '
                'the schedules count them once, but the first gives '
                f'{len(self.first)} and the second {len(self.second)}. Give '
                'them the same length.')
        self.start_epoch = start_epoch
        self.epoch = 0

    @property
    def current(self) -> Sampler:
        """Sampler: The one of the epoch that is drawn next."""
        return self.second if self.epoch + 1 >= self.start_epoch \
            else self.first

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is drawn next, counted from 0."""
        self.epoch = epoch
        self.first.set_epoch(epoch)
        self.second.set_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.first)
