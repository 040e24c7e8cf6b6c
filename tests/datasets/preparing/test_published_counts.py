# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets.preparing.published_counts import (PUBLISHED, Published,
                                                        count_check, even,
                                                        group_sizes,
                                                        imagenet_lt_counts)


def test_bundled_counts_are_those_of_imagenet_lt():
    counts = imagenet_lt_counts()
    assert sum(counts) == 115846 and len(counts) == 1000
    assert (max(counts), counts.index(1280)) == (1280, 86)
    assert (min(counts), counts.index(5), counts.count(5)) == (5, 58, 5)
    assert group_sizes(counts) == (385, 479, 136)
    assert counts[:10] == [50, 250, 516, 352, 143, 92, 47, 45, 150, 50]
    published = PUBLISHED['imagenet-lt']['train']
    assert count_check('train', counts, published).state == 'ok'


def test_groups_have_the_bounds_of_the_literature():
    assert group_sizes([101, 100, 20, 19]) == (1, 2, 1)


@pytest.mark.parametrize('name, split, images, classes', [
    ('inaturalist2018', 'train', 437513, 8142),
    ('inaturalist2018', 'val', 24426, 8142),
    ('imagenet-lt', 'val', 20000, 1000),
    ('imagenet-lt', 'test', 50000, 1000),
    ('cifar100', 'train', 50000, 100),
    ('fashion-mnist', 'test', 10000, 10),
])
def test_published_numbers(name, split, images, classes):
    published = PUBLISHED[name][split]
    assert (published.images, published.classes) == (images, classes)


def test_check_tells_what_is_there_and_what_was_published():
    check = count_check('train', [200, 30, 5],
                        Published(235, 3, 200, 5, (1, 1, 1)))
    assert check.state == 'ok' and check.name == 'train: counts'
    assert check.found == ('235 images in 3 classes of 5 to 200, '
                           'Head/Middle/Tail 1/1/1')
    check = count_check('train', [2000, 30, 5],
                        Published(235, 3, 200, 5, (0, 2, 1)))
    assert check.state == 'wrong'
    assert 'images 235, largest 200, groups 0/2/1' in check.remedy
    assert count_check('test', [2, 2],
                       even(2, 2)).found == ('4 images in 2 classes of 2 each')


def test_unknown_numbers_are_not_compared():
    assert count_check('train', [7, 3], Published(10, 2)).state == 'ok'
