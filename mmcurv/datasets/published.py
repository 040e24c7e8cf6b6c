# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What data sets are called and how large their authors say they are."""
import csv
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple

COUNTS_FILE = Path(__file__).parents[1] / 'data/imagenet_lt_class_counts.csv'


class Published(NamedTuple):
    """Numbers of a split.

    Attributes:
        images (int): In all.
        classes (int): C.
        largest (int | None): Images of the largest class, where known.
        smallest (int | None): Images of the smallest class, where known.
        groups (tuple | None): Classes of more than 100, of 20 to 100 and of
            fewer than 20 images (Head, Middle and Tail), where known.
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

NAMES = {  # as the user calls a set: its full name, where configs look for it
    'imagenet-lt': ('ImageNet-LT', 'data/imagenet'),
    'inaturalist2018': ('iNaturalist 2018', 'data/inaturalist2018'),
    'imagenet': ('ImageNet', 'data/imagenet'),
    'cifar10-lt': ('CIFAR-10-LT', 'data/cifar10'),
    'cifar100-lt': ('CIFAR-100-LT', 'data/cifar100'),
    'cifar10': ('CIFAR-10', 'data/cifar10'),
    'cifar100': ('CIFAR-100', 'data/cifar100'),
    'svhn': ('SVHN', 'data/svhn'),
    'fashion-mnist': ('Fashion-MNIST', 'data/fashion_mnist'),
}
PAGES = {  # of the sets whose files can be fetched
    'cifar10':
    'https://www.cs.toronto.edu/~kriz/cifar.html',
    'cifar100':
    'https://www.cs.toronto.edu/~kriz/cifar.html',
    'svhn':
    'http://ufldl.stanford.edu/housenumbers/',
    'fashion-mnist':
    'https://github.com/zalandoresearch/fashion-mnist, or take those of '
    "Debian's package dataset-fashion-mnist",
}


def can_download(name: str) -> bool:
    """Whether the files of a set can be fetched."""
    return name.removesuffix('-lt') in PAGES


def imagenet_lt_counts() -> List[int]:
    """Training images of the 1,000 classes of ImageNet-LT, in their order."""
    with open(COUNTS_FILE, newline='') as file:
        return [int(row['count']) for row in csv.DictReader(file)]
