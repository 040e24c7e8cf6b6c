# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import hashlib

import mmpretrain.datasets
import pytest

from mmcurv.datasets import ImageNetLT, INaturalist2018
from mmcurv.datasets.preparing.published_counts import (PUBLISHED, Published,
                                                        even)
from tests.real_formats import write_cifar


@pytest.fixture
def tiny_counts(monkeypatch):
    """Published numbers as small as the data that the tests write."""
    names = dict(classes=('a', 'b', 'c'))
    monkeypatch.setattr(ImageNetLT, 'METAINFO', names)
    monkeypatch.setattr(mmpretrain.datasets.ImageNet, 'METAINFO', names)
    monkeypatch.setattr(INaturalist2018, 'NUM_CLASSES', 3)
    monkeypatch.setattr(
        'mmcurv.datasets.preparing.imagenet_lt.imagenet_lt_counts',
        lambda: [4, 2, 1])
    tiny = {
        'imagenet-lt': (Published(7, 3, 4, 1, (0, 0, 3)), even(3,
                                                               2), even(3, 2)),
        'imagenet': (Published(13, 3), even(3, 2)),
        'inaturalist2018': (Published(6, 3, 3, 1), even(3, 1)),
        'cifar10': (even(10, 20), even(10, 2)),
        'cifar100': (even(100, 2), even(100, 2)),
        'svhn': (Published(20, 10), Published(10, 10)),
        'fashion-mnist': (even(10, 3), even(10, 3)),
    }
    for name, splits in tiny.items():
        monkeypatch.setitem(PUBLISHED, name,
                            dict(zip(PUBLISHED[name], splits)))


@pytest.fixture
def write_published_cifar(monkeypatch):
    """Write a tiny CIFAR and take its files for the published ones."""

    def write(root, classes, per_class):
        write_cifar(root, classes, per_class)
        reader = getattr(mmpretrain.datasets, f'CIFAR{classes}')
        for kind in ('train_list', 'test_list'):
            files = [[
                name,
                hashlib.md5((root / reader.base_folder /
                             name).read_bytes()).hexdigest()
            ] for name, _ in getattr(reader, kind)]
            monkeypatch.setattr(reader, kind, files)

    return write
