# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Draws by image at the start of training, by class at its end."""
from typing import Any, Optional, Sequence

import numpy as np

from mmcurv.registry import DATA_SAMPLERS
from .class_probabilities import class_probabilities
from .weighted_sampler import WeightedSampler


def progressive_probabilities(counts: Sequence[int],
                              progress: float) -> np.ndarray:
    """(1 - progress) * instance-balanced + progress * class-balanced.

    Kang et al., Decoupling Representation and Classifier for Long-Tailed
    Recognition, 2020, equation 2, with progress t/T.

    Args:
        counts (Sequence[int]): (C,) images of each class.
        progress (float): 0 to 1.

    Returns:
        np.ndarray: (C,) float64, with sum 1.
    """
    return ((1 - progress) * class_probabilities(counts, 'instance') +
            progress * class_probabilities(counts, 'balanced'))


@DATA_SAMPLERS.register_module()
class ProgressiveSampler(WeightedSampler):
    """Progressively balanced sampling.

    From instance-balanced in the first epoch to class-balanced in the last,
    as in the code of the decoupling paper, and so ever after.

    Args:
        dataset: A dataset with one integer label per item.
        max_epochs (int): Epochs of the training, at least 2.
        seed (int, optional): See :class:`EpochSampler`. Defaults to None.
        length (int, optional): See :class:`EpochSampler`. Defaults to None.

    Raises:
        ValueError: If ``max_epochs`` is less than 2, the dataset is empty, or
            ``length`` is not positive.

    Examples:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='mmcurv.ProgressiveSampler', max_epochs=200))
    """

    def __init__(self,
                 dataset: Any,
                 max_epochs: int,
                 seed: Optional[int] = None,
                 length: Optional[int] = None):
        if max_epochs < 2:
            raise ValueError(
                'max_epochs must be at least 2, one to begin '
                f'with and one to end with, but got {max_epochs}.')
        super().__init__(dataset, 'instance', seed, length)
        self.max_epochs = max_epochs

    def probabilities(self) -> np.ndarray:
        """(C,) probability of each class in the epoch that is drawn next."""
        progress = min(self.epoch / (self.max_epochs - 1), 1)
        return progressive_probabilities(self.counts, progress)
