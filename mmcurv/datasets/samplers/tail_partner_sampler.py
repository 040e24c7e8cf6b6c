# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images of rare classes, each with images of classes it is confused with.

Chu et al., *Feature Space Augmentation for Long-Tailed Data* (OFA), 2020. No
code of the authors is known; where the paper leaves something open, the
docstring says "our reading".
"""
from itertools import islice
from typing import Any, Iterator, List, Optional

import numpy as np
import torch

from mmcurv.datasets.tail_classes import tail_classes
from mmcurv.registry import DATA_SAMPLERS
from .class_aware_sampler import shuffled_rounds
from .epoch_sampler import EpochSampler


@DATA_SAMPLERS.register_module()
class TailPartnerSampler(EpochSampler):
    """Groups of one tail image, its partners, and another head image.

    A group is: an image of a tail class; ``num_fused`` images of the head
    classes that its class is confused with; one image of any head class. So
    there are as many head images as tail images and fused ones together. Our
    reading: tail images come in shuffled rounds, the confusing classes take
    turns, and all else is drawn with replacement.

    ``mmcurv.ConfusingClassesHook`` tells which classes are confused. Each
    process takes every W-th group of one draw.

    Args:
        dataset: A dataset with one integer label per item.
        groups (int): Groups of an epoch, of all processes together, rounded
            up to a multiple of their number.
        num_fused (int): Partners of a tail image, N_a. Defaults to 3.
        tail_share (float): Of the classes that are tail classes, see
            :func:`~mmcurv.datasets.tail_classes.tail_classes`. Defaults to
            0.5.
        seed (int, optional): See :class:`EpochSampler`. Defaults to None.

    Raises:
        ValueError: If a number is out of its range.

    Examples:
        >>> train_dataloader = dict(
        ...     batch_size=80,
        ...     sampler=dict(type='mmcurv.TailPartnerSampler', groups=1600))
    """

    def __init__(self,
                 dataset: Any,
                 groups: int,
                 num_fused: int = 3,
                 tail_share: float = 0.5,
                 seed: Optional[int] = None):
        if groups < 1 or num_fused < 1:
            raise ValueError('expected groups and num_fused of at least 1, '
                             f'got {groups} and {num_fused}.')
        super().__init__(dataset, seed, groups)
        self.group_size = num_fused + 2
        self.num_fused = num_fused
        self.is_tail = tail_classes([len(items) for items in self.items],
                                    tail_share)
        self._own_groups = self.num_samples
        self.num_samples *= self.group_size
        self._partners: Optional[List[List[int]]] = None

    def set_partners(self, table: Any) -> None:
        """Take the confusing head classes of each tail class.

        Args:
            table (Sequence[Sequence[int]]): (C, N_f), rows of head classes
                count for nothing.

        Raises:
            ValueError: If a tail class would have a partner without images,
                or of the tail.
        """
        rows = [[int(c) for c in row] for row in table]
        for c in np.flatnonzero(self.is_tail):
            wrong = [
                other for other in rows[c] if other < 0 or self.is_tail[other]
                or not len(self.items[other])
            ]
            if wrong or not rows[c]:
                raise ValueError(
                    f'expected head classes with images as partners of tail '
                    f'class {c}, got {rows[c]}. Find them on this train set.')
        self._partners = rows

    def draw(self, num_samples: int,
             generator: torch.Generator) -> Iterator[List[int]]:
        """Groups of all processes.

        Args:
            num_samples (int): How many groups.
            generator (torch.Generator): The only source of randomness.

        Yields:
            list[int]: Positions in the dataset, ``group_size`` of them.

        Raises:
            RuntimeError: If nobody told which classes are confused.
        """
        if self._partners is None:
            raise RuntimeError(
                'TailPartnerSampler does not know which classes are confused. '
                "Add dict(type='mmcurv.ConfusingClassesHook') to the hooks.")
        tail = self._images(self.is_tail)
        head = self._images(~self.is_tail)
        label_of = {
            int(i): c
            for c, items in enumerate(self.items)
            for i in items
        }
        rounds = shuffled_rounds(tail.tolist(), generator)
        for _ in range(num_samples):
            first = next(rounds)
            classes = self._partners[label_of[first]]
            group = [first]
            for a in range(self.num_fused):
                items = self.items[classes[a % len(classes)]]
                group.append(_any_of(items, generator))
            yield [*group, _any_of(head, generator)]

    def __iter__(self) -> Iterator[int]:
        """This process's groups, one image after the other."""
        generator = torch.Generator()
        generator.manual_seed(self.seed + self.epoch)
        total = self._own_groups * self.world_size
        groups = self.draw(total, generator)
        for group in islice(groups, self.rank, None, self.world_size):
            yield from group

    def _images(self, wanted: np.ndarray) -> np.ndarray:
        return np.concatenate([self.items[c] for c in np.flatnonzero(wanted)])


def _any_of(items: np.ndarray, generator: torch.Generator) -> int:
    at = torch.randint(len(items), (), generator=generator)
    return int(items[int(at)])
