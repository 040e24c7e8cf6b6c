# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run was trained on: class counts and fingerprint of its split."""
from dataclasses import asdict, dataclass
from typing import Any, List, Optional

from mmcurv.datasets import class_counts, split_fingerprint


@dataclass(frozen=True)
class TrainSplit:
    """The train set in plain types, fit for a checkpoint or a file.

    Attributes:
        class_counts (list[int]): (C,) training images of every class.
        fingerprint (str): SHA-256 of the images and labels.
        dataset (str): Types of the dataset and what it wraps, outermost
            first, such as 'LongTailed(CIFAR100)'.
    """
    class_counts: List[int]
    fingerprint: str
    dataset: str

    @classmethod
    def of(cls, dataset: Any, num_classes: Optional[int] = None):
        """Read a dataset, through its wrappers.

        Args:
            dataset: A train set with one integer label per item.
            num_classes (int, optional): C. Defaults to None: as many as the
                dataset names.

        Returns:
            TrainSplit: Its counts and fingerprint.
        """
        return cls(
            class_counts(dataset, num_classes), split_fingerprint(dataset),
            _type_names(dataset))

    @property
    def imbalance_factor(self) -> float:
        """Largest over smallest class; inf if a class is empty."""
        smallest = min(self.class_counts)
        return max(self.class_counts) / smallest if smallest else float('inf')

    def state(self) -> dict:
        """Fields as plain types; ``TrainSplit(**state)`` is equal."""
        return asdict(self)

    def describe(self) -> str:
        """One line for the log."""
        counts = self.class_counts
        return (f'Train set {self.dataset}: {sum(counts)} images in '
                f'{len(counts)} classes, {min(counts)} to {max(counts)} per '
                f'class, imbalance factor {self.imbalance_factor:.4g}, '
                f'{counts.count(0)} classes empty. Split fingerprint '
                f'{self.fingerprint}.')


def _type_names(dataset: Any) -> str:
    name = type(dataset).__name__
    if hasattr(dataset, 'datasets'):  # a concatenation
        return f'{name}({", ".join(map(_type_names, dataset.datasets))})'
    if hasattr(dataset, 'dataset'):
        return f'{name}({_type_names(dataset.dataset)})'
    return name
