# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""CIFAR, SVHN and Fashion-MNIST, balanced or cut to a long tail."""
import os.path as osp
from functools import partial
from typing import Callable, List

import mmpretrain.datasets
from torchvision.datasets import SVHN as TorchvisionSVHN
from torchvision.datasets import FashionMNIST as TorchvisionFashionMNIST

from mmcurv.atomic_write import write_json
from mmcurv.datasets.fashion_mnist import FashionMNIST
from mmcurv.datasets.long_tailed import LongTailed
from mmcurv.datasets.svhn import SVHN
from .checks import Check
from .downloads import (download_checks, download_cifar10, download_cifar100,
                        download_fashion_mnist, download_svhn)
from .options import Options
from .published_counts import PUBLISHED, group_sizes
from .reader_checks import reader_checks

PAGES = {
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


def prepare_cifar(options: Options, classes: int) -> List[Check]:
    """Check CIFAR-10 or CIFAR-100.

    Args:
        options (Options): What the user asks for.
        classes (int): 10 or 100.

    Returns:
        list[Check]: What is there and what is not.
    """
    reader = getattr(mmpretrain.datasets, f'CIFAR{classes}')
    names = [
        osp.join(reader.base_folder, name)
        for name, _ in reader.train_list + reader.test_list
    ]
    fetch = download_cifar10 if classes == 10 else download_cifar100
    return _prepare(f'cifar{classes}', names, fetch, partial(_intact, reader),
                    options)


def prepare_cifar_lt(options: Options, classes: int) -> List[Check]:
    """Check CIFAR and write which of its images the long tails keep.

    Args:
        options (Options): What the user asks for.
        classes (int): 10 or 100.

    Returns:
        list[Check]: What is there and what is not.
    """
    checks = prepare_cifar(options, classes)
    if not all(check.good for check in checks):
        return checks
    reader = getattr(mmpretrain.datasets, f'CIFAR{classes}')
    full = reader(options.root, split='train', download=False)
    for factor in options.imbalance_factors:
        name = f'cifar{classes}_lt_if{factor:g}_seed{options.seed}.json'
        try:
            part = LongTailed(full, factor, seed=options.seed)
        except ValueError as error:
            checks.append(Check(name, 'wrong', str(error)))
            continue
        write_json(osp.join(options.root, name), long_tail_record(part))
        head, middle, tail = group_sizes(part.counts)
        checks.append(
            Check(
                name, 'built', f'{len(part):,} images, classes of '
                f'{min(part.counts):,} to {max(part.counts):,}, '
                f'Head/Middle/Tail {head}/{middle}/{tail}; fingerprint '
                f'{part.fingerprint[:12]}'))
    return checks


def long_tail_record(part: LongTailed) -> dict:
    """What a long tail keeps, for other programs.

    Args:
        part (LongTailed): The long tail.

    Returns:
        dict: Counts, positions in the full training set, fingerprint.
    """
    return dict(
        schema='mmcurv.long_tail',
        schema_version=1,
        imbalance_factor=part.imbalance_factor,
        profile=part.profile,
        seed=part.seed,
        fingerprint=part.fingerprint,
        counts=part.counts,
        positions=part.positions.tolist())


def prepare_svhn(options: Options) -> List[Check]:
    """Check SVHN.

    Args:
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.
    """
    names = [
        TorchvisionSVHN.split_list[split][1] for split in ('train', 'test')
    ]
    return _prepare('svhn', names, download_svhn, SVHN, options)


def prepare_fashion_mnist(options: Options) -> List[Check]:
    """Check Fashion-MNIST.

    Args:
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.
    """
    names = [name for name, _ in TorchvisionFashionMNIST.resources]
    return _prepare('fashion-mnist', names, download_fashion_mnist,
                    FashionMNIST, options)


def _prepare(name: str, files: List[str], fetch: Callable, reader: Callable,
             options: Options) -> List[Check]:
    checks = download_checks(files, fetch, PAGES[name], options)
    if not checks[0].good:
        return checks
    for split, published in PUBLISHED[name].items():
        # The images lie in memory, so there is no file to decode.
        checks += reader_checks(split,
                                lambda: reader(options.root, split=split),
                                published, Options(options.root))
    return checks


def _intact(reader: Callable, root: str, split: str):
    """Read CIFAR, whose class only asserts that the files are whole."""
    try:
        return reader(root, split=split, download=False)
    except (AssertionError, RuntimeError):
        raise ValueError(
            f'the files in {root} are not those that were published (MD5). '
            'Remove them and give the command with --download.') from None
