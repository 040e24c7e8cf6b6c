# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many images the published data sets hold."""
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

from mmcurv.fairness import group_names
from .checks import Check

COUNTS_FILE = Path(__file__).parents[2] / 'data/imagenet_lt_class_counts.csv'


@dataclass(frozen=True)
class Published:
    """Numbers of a split.

    Attributes:
        images (int): In all.
        classes (int): C.
        largest (int | None): Images of the largest class, where known.
        smallest (int | None): Images of the smallest class, where known.
        groups (tuple | None): Classes of Head, Middle and Tail, where known.
    """
    images: int
    classes: int
    largest: Optional[int] = None
    smallest: Optional[int] = None
    groups: Optional[Tuple[int, int, int]] = None


def even(classes: int, each: int) -> Published:
    """Numbers of a split with equally many images of each class."""
    return Published(classes * each, classes, each, each)


PUBLISHED = {
    'imagenet-lt': {
        'train': Published(115846, 1000, 1280, 5, (385, 479, 136)),
        'val': even(1000, 20),
        'test': even(1000, 50),
    },
    'inaturalist2018': {
        'train': Published(437513, 8142, 1000, 2),
        'val': even(8142, 3),
    },
    'imagenet': {
        'train': Published(1281167, 1000, 1300, 732),
        'val': even(1000, 50),
    },
    'cifar10': {
        'train': even(10, 5000),
        'test': even(10, 1000),
    },
    'cifar100': {
        'train': even(100, 500),
        'test': even(100, 100),
    },
    'svhn': {
        'train': Published(73257, 10),
        'test': Published(26032, 10),
    },
    'fashion-mnist': {
        'train': even(10, 6000),
        'test': even(10, 1000),
    },
}


def imagenet_lt_counts() -> List[int]:
    """Training images of the 1,000 classes of ImageNet-LT, in their order."""
    with open(COUNTS_FILE, newline='') as file:
        return [int(row['count']) for row in csv.DictReader(file)]


def group_sizes(counts: List[int]) -> Tuple[int, int, int]:
    """Number of classes of more than 100, of 20 to 100, and of fewer than 20
    training images."""
    names = group_names(counts).tolist()
    return tuple(names.count(name) for name in ('head', 'middle', 'tail'))


def count_check(split: str, counts: List[int], published: Published) -> Check:
    """Hold the counts of a split against the published ones.

    Args:
        split (str): Such as 'train'.
        counts (list[int]): (C,) images of each class.
        published (Published): Numbers of the split.

    Returns:
        Check: 'ok' if all the known numbers agree, else 'wrong'.
    """
    found = Published(
        sum(counts), len(counts), max(counts), min(counts),
        group_sizes(counts))
    wrong = [
        f'{key} {_words(expected)}'
        for key, expected in vars(published).items()
        if expected is not None and getattr(found, key) != expected
    ]
    sizes = f'{found.smallest:,} to {found.largest:,}'
    if found.smallest == found.largest:
        sizes = f'{found.largest:,} each'
    text = f'{found.images:,} images in {found.classes:,} classes of {sizes}'
    if split == 'train' and found.smallest != found.largest:
        text += ', Head/Middle/Tail ' + _words(found.groups)
    if wrong:
        return Check(f'{split}: counts', 'wrong', text,
                     f'Published: {", ".join(wrong)}. Get the set again.')
    return Check(f'{split}: counts', 'ok', text)


def _words(value) -> str:
    if isinstance(value, tuple):
        return '/'.join(f'{n:,}' for n in value)
    return f'{value:,}'
