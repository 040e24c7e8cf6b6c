# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Draws images with replacement, as often as their class's size says."""
from typing import Any, List, Optional, Union

import numpy as np
import torch

from mmcurv.registry import DATA_SAMPLERS
from .class_probabilities import class_probabilities, power_of
from .epoch_sampler import EpochSampler


@DATA_SAMPLERS.register_module()
class WeightedSampler(EpochSampler):
    """Class-balanced, square-root, reversed and other weighted sampling.

    Each draw takes a class with probability proportional to n_c^q, then any
    of its images, with replacement. See
    :func:`~mmcurv.datasets.samplers.class_probabilities`.

    Args:
        dataset: A dataset with one integer label per item.
        weights (str | float): 'instance', 'sqrt', 'balanced', 'reversed', or
            the power q. Defaults to 'balanced'.
        seed (int, optional): See :class:`EpochSampler`. Defaults to None.
        length (int, optional): See :class:`EpochSampler`. Defaults to None.

    Raises:
        ValueError: If ``weights`` is unknown, the dataset is empty, or
            ``length`` is not positive.

    Examples:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='mmcurv.WeightedSampler', weights='sqrt'))
    """

    def __init__(self,
                 dataset: Any,
                 weights: Union[str, float] = 'balanced',
                 seed: Optional[int] = None,
                 length: Optional[int] = None):
        power_of(weights)  # a wrong name shows before the labels are read
        super().__init__(dataset, seed, length)
        self.weights = weights
        self.counts = [len(items) for items in self.items]

    def probabilities(self) -> np.ndarray:
        """(C,) probability of each class in the epoch that is drawn next."""
        return class_probabilities(self.counts, self.weights)

    def draw(self, num_samples: int, generator: torch.Generator) -> List[int]:
        """See :meth:`EpochSampler.draw`."""
        probabilities = torch.from_numpy(self.probabilities())
        classes = torch.multinomial(
            probabilities, num_samples, replacement=True, generator=generator)
        counts = torch.tensor(self.counts)
        # Of so many numbers that the remainder is uniform.
        numbers = torch.randint(
            2**62, (num_samples, ), generator=generator) % counts[classes]
        starts = counts.cumsum(0) - counts
        items = torch.from_numpy(np.concatenate(self.items))
        return items[starts[classes] + numbers].tolist()
