# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Goes round the classes, and round the images of each.

Shen et al., Relay Backpropagation, 2016, in the form of the decoupling code
(Kang et al., 2020). Departures: classes and images are shuffled anew in each
epoch, where the original goes on in its cycles, so that an epoch can be
repeated from its number; and an epoch has as many items as the dataset, where
the original draws more and its training loop stops after as many.
"""
from typing import Any, Iterator, Optional, Sequence

import torch

from mmcurv.registry import DATA_SAMPLERS
from .epoch_sampler import EpochSampler


@DATA_SAMPLERS.register_module()
class ClassAwareSampler(EpochSampler):
    """Class-aware sampling.

    Classes follow each other in shuffled rounds; each gives the next
    ``num_samples_cls`` images of its own shuffled rounds.

    Args:
        dataset: A dataset with one integer label per item.
        num_samples_cls (int): Images in a row of one class. Defaults to 4.
        seed (int, optional): See :class:`EpochSampler`. Defaults to None.
        length (int, optional): See :class:`EpochSampler`. Defaults to None.

    Raises:
        ValueError: If ``num_samples_cls`` or ``length`` is not positive, or
            the dataset is empty.

    Examples:
        >>> train_dataloader = dict(
        ...     drop_last=True,
        ...     sampler=dict(type='mmcurv.ClassAwareSampler'))
    """

    def __init__(self,
                 dataset: Any,
                 num_samples_cls: int = 4,
                 seed: Optional[int] = None,
                 length: Optional[int] = None):
        if num_samples_cls < 1:
            raise ValueError('num_samples_cls must be at least 1, but got '
                             f'{num_samples_cls}.')
        super().__init__(dataset, seed, length)
        self.num_samples_cls = num_samples_cls

    def draw(self, num_samples: int,
             generator: torch.Generator) -> Iterator[int]:
        """See :meth:`EpochSampler.draw`."""
        rounds = [
            shuffled_rounds(items.tolist(), generator) for items in self.items
        ]
        present = [c for c, items in enumerate(self.items) if len(items)]
        left = num_samples
        for label in shuffled_rounds(present, generator):
            for _ in range(min(self.num_samples_cls, left)):
                yield next(rounds[label])
            left -= self.num_samples_cls
            if left <= 0:
                return


def shuffled_rounds(items: Sequence[int],
                    generator: torch.Generator) -> Iterator[int]:
    """Yield all items, in a new order each time they are through, endlessly.

    Args:
        items (Sequence[int]): At least one.
        generator (torch.Generator): Asked when a round begins.

    Yields:
        int: The next item.
    """
    while True:
        for i in torch.randperm(len(items), generator=generator).tolist():
            yield items[i]
