# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Samplers that draw by class: weighted, class by class, and rare images with
images of classes that they are confused with."""
import logging
import math
from itertools import islice
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.logging import print_log
from torch.utils.data import Sampler

from mmcurv.files import did_you_mean, listed
from mmcurv.registry import DATA_SAMPLERS
from .labels import check_whole, count_labels, dataset_labels, named_classes

POWERS = dict(instance=1., sqrt=0.5, balanced=0., reversed=-1.)


def class_probabilities(counts: Sequence[int],
                        weights: Union[str, float] = 'balanced') -> np.ndarray:
    """Probability of each class under a weighted draw of images.

    p_c is proportional to n_c^q, with n_c images of class c: Kang et al.,
    Decoupling Representation and Classifier for Long-Tailed Recognition,
    2020, equation 1. The image is uniform within its class, so its weight is
    n_c^(q - 1).

    Args:
        counts (Sequence[int]): (C,) images of each class; those without any
            are never drawn.
        weights (str | float): The power q, or its name: 'instance' (1, each
            image alike), 'sqrt' (0.5), 'balanced' (0, each class alike) or
            'reversed' (-1, the tail most, as BBN's sampler). CMO's weights
            n_c^-a of the images are q = 1 - a. Defaults to 'balanced'.

    Returns:
        np.ndarray: (C,) float64, with sum 1.

    Raises:
        ValueError: If all classes are empty, or ``weights`` is unknown.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if not counts.any():
        raise ValueError('there is no image to draw: all classes are empty.')
    shares = np.zeros_like(counts)
    drawn = counts > 0
    logarithms = _power_of(weights) * np.log(counts[drawn])
    # Relative to the largest, which keeps any power in range.
    shares[drawn] = np.exp(logarithms - logarithms.max())
    return shares / shares.sum()


def _power_of(weights: Union[str, float]) -> float:
    """The power q that ``weights`` stands for."""
    named = isinstance(weights, str)
    power = POWERS.get(weights, math.nan) if named else weights
    if not math.isfinite(power):
        raise ValueError(
            f'weights must be one of {tuple(POWERS)}, or the power q of class '
            f'probabilities n_c^q, but got {weights!r}: '
            f'{did_you_mean(weights, POWERS)}')
    return float(power)


class EpochSampler(Sampler):
    """Base of samplers that draw by class.

    All processes make the same draw, from ``seed + epoch`` alone, and each
    takes every W-th of it, so that together they train on the batches of one
    process and a resumed epoch repeats itself. mmengine's
    ``DistSamplerSeedHook``, which a Runner has by default, tells the epoch.

    Args:
        dataset: A dataset with one integer label per item, see
            :func:`~mmcurv.datasets.labels.dataset_labels`.
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
        if length is not None:
            check_whole('length', length)
        if seed is not None:
            check_whole('seed', seed, least=0)
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

    def _share(self, number: int) -> Iterator:
        """This process's part of the epoch's draw, of which each process has
        ``number``."""
        generator = torch.Generator()
        generator.manual_seed(self.seed + self.epoch)
        drawn = self.draw(number * self.world_size, generator)
        return islice(drawn, self.rank, None, self.world_size)

    def __iter__(self) -> Iterator[int]:
        """This process's share of the epoch."""
        return self._share(self.num_samples)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is drawn next, counted from 0."""
        self.epoch = epoch


def items_by_class(dataset: Any) -> List[np.ndarray]:
    """Positions of each class's items, C arrays (n_c,) int64 in ascending
    order; classes without any are named in the log."""
    labels = dataset_labels(dataset)
    if len(labels) == 0:
        raise ValueError(f'{type(dataset).__name__} has no image to draw.')
    counts = count_labels(labels, named_classes(dataset))
    empty = [c for c, count in enumerate(counts) if count == 0]
    if empty:
        print_log(
            f'{len(empty)} of {len(counts)} classes have no image and are '
            f'never drawn: {listed(empty, 5)}.',
            logger='current',
            level=logging.WARNING)
    order = np.argsort(labels, kind='stable')
    return np.split(order, np.cumsum(counts)[:-1])


@DATA_SAMPLERS.register_module()
class WeightedSampler(EpochSampler):
    """Class-balanced, square-root, reversed and other weighted sampling.

    Each draw takes a class with probability proportional to n_c^q, then any
    of its images, with replacement. See :func:`class_probabilities`.

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
        _power_of(weights)  # a wrong name shows before the labels are read
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


@DATA_SAMPLERS.register_module()
class ClassAwareSampler(EpochSampler):
    """Class-aware sampling: goes round the classes, and round the images of
    each.

    Classes follow each other in shuffled rounds; each gives the next
    ``num_samples_cls`` images of its own shuffled rounds.

    Shen et al., Relay Backpropagation, 2016, in the form of the decoupling
    code (Kang et al., 2020). Departures: classes and images are shuffled anew
    in each epoch, where the original goes on in its cycles, so that an epoch
    can be repeated from its number; and an epoch has as many items as the
    dataset, where the original draws more and its training loop stops after
    as many.

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
        check_whole('num_samples_cls', num_samples_cls)
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
    """Yield all items, in a new order each time they are through, endlessly;
    the generator is asked when a round begins."""
    while True:
        for i in torch.randperm(len(items), generator=generator).tolist():
            yield items[i]


def tail_classes(counts: Sequence[int], share: float = 0.5) -> np.ndarray:
    """The classes with the fewest images.

    Args:
        counts (Sequence[int]): (C,) training images of every class.
        share (float): Of the classes that are rare, above 0 and below 1; the
            number is rounded down. Defaults to 0.5.

    Returns:
        np.ndarray: (C,) bool. Among classes of one size the later ones are
        the rarer.

    Raises:
        ValueError: If ``share`` is out of its range, or no class is left on
            one of the two sides.
    """
    if not 0 < share < 1:
        raise ValueError('expected a share of rare classes above 0 and below '
                         f'1, got {share}.')
    counts = np.asarray(counts)
    number = int(share * len(counts))
    if number < 1:
        raise ValueError(
            f'expected at least one rare class, but a share of {share} of '
            f'{len(counts)} classes is none. Give a larger share.')
    order = np.lexsort((-np.arange(len(counts)), counts))
    rare = np.zeros(len(counts), bool)
    rare[order[:number]] = True
    return rare


@DATA_SAMPLERS.register_module()
class TailPartnerSampler(EpochSampler):
    """Groups of one tail image, its partners, and another head image.

    Chu et al., *Feature Space Augmentation for Long-Tailed Data* (OFA), 2020.
    No code of the authors is known; where the paper leaves something open,
    this says "our reading".

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
            :func:`tail_classes`. Defaults to 0.5.
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
        check_whole('groups', groups)
        check_whole('num_fused', num_fused)
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
        for group in self._share(self._own_groups):
            yield from group

    def _images(self, wanted: np.ndarray) -> np.ndarray:
        """Positions of the images of some classes."""
        return np.concatenate([self.items[c] for c in np.flatnonzero(wanted)])


def _any_of(items: np.ndarray, generator: torch.Generator) -> int:
    """One of the items, drawn evenly."""
    at = torch.randint(len(items), (), generator=generator)
    return int(items[int(at)])
