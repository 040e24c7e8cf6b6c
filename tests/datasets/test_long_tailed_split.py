# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcurv.datasets.long_tailed_split import (check_counts, class_shares,
                                               kept_positions,
                                               long_tailed_counts)

FULL = dict(cifar10=[5000] * 10, cifar100=[500] * 100)
TABLE = Path(__file__).parents[1] / 'data' / 'cifar_lt_class_counts.csv'


def published_counts():
    counts = defaultdict(list)
    with TABLE.open() as file:
        for row in csv.DictReader(file):
            key = row['dataset'], int(row['imbalance_factor'])
            assert len(counts[key]) == int(row['class_id'])
            counts[key].append(int(row['count']))
    return counts


# total, smallest, number of classes > 100, of 20 to 100, of < 20
SUMMARY = {
    ('cifar10', 200): (11203, 25, 7, 3, 0),
    ('cifar10', 100): (12406, 50, 8, 2, 0),
    ('cifar10', 50): (13996, 100, 9, 1, 0),
    ('cifar10', 20): (17023, 250, 10, 0, 0),
    ('cifar10', 10): (20431, 500, 10, 0, 0),
    ('cifar100', 200): (9502, 2, 30, 31, 39),
    ('cifar100', 100): (10847, 5, 35, 35, 30),
    ('cifar100', 50): (12608, 10, 41, 41, 18),
    ('cifar100', 20): (15907, 25, 53, 47, 0),
    ('cifar100', 10): (19573, 50, 69, 31, 0),
}


def test_published_table_has_the_ten_settings():
    assert set(published_counts()) == set(SUMMARY)


@pytest.mark.parametrize('name, factor', SUMMARY)
def test_counts_are_those_of_the_published_splits(name, factor):
    counts = long_tailed_counts(FULL[name], factor)
    assert counts == published_counts()[name, factor]
    head = sum(n > 100 for n in counts)
    tail = sum(n < 20 for n in counts)
    assert SUMMARY[name, factor] == (sum(counts), min(counts), head,
                                     len(counts) - head - tail, tail)


def test_cifar10_at_100_starts_with_the_printed_list():
    assert long_tailed_counts(FULL['cifar10'], 100) == [
        5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50
    ]


def test_step_profile_keeps_the_first_half_whole():
    counts = long_tailed_counts(FULL['cifar10'], 100, profile='step')
    assert counts == [5000] * 5 + [50] * 5


def test_step_profile_of_odd_classes_forgets_no_class():
    assert long_tailed_counts(
        [10] * 5, 10, profile='step') == [10, 10, 1, 1, 1]


def test_imbalance_factor_one_keeps_everything():
    for profile in ('exp', 'step'):
        assert long_tailed_counts([7] * 4, 1, profile) == [7] * 4


def test_largest_full_class_is_the_default_maximum():
    # 10 to 1 already; a tail of 20 to 1 fits under it.
    full = [100, 70, 40, 10]
    assert long_tailed_counts(full, 20) == [100, 36, 13, 5]


def test_max_count_replaces_the_largest_full_class():
    assert long_tailed_counts(
        [6000] * 3, 100, max_count=1000) == [1000, 100, 10]


@pytest.mark.parametrize('factor', [0.99, 0.01, 0, -5, float('nan'),
                                    float('inf')])  # yapf: disable
def test_imbalance_factor_below_one_is_refused(factor):
    with pytest.raises(ValueError, match='at least 1, but got'):
        long_tailed_counts([10, 10], factor)


def test_unknown_profile_suggests_the_nearest():
    with pytest.raises(ValueError, match="'expo'. Did you mean 'exp'"):
        class_shares(10, 100, profile='expo')
    with pytest.raises(ValueError, match="'steps'. Did you mean 'step'"):
        class_shares(10, 100, profile='steps')


def test_one_class_has_no_tail():
    with pytest.raises(ValueError, match='at least 2 classes'):
        long_tailed_counts([10], 2)


def test_class_left_empty_is_refused():
    with pytest.raises(ValueError, match='leaves 1 of 3 classes empty'):
        long_tailed_counts([50, 50, 50], 100)


def test_class_with_too_few_images_is_named_and_a_fitting_maximum_told():
    full = [100, 30, 40]
    with pytest.raises(
            ValueError,
            match='class 1 has 30, but the split keeps '
            '50. With max_count=60'):
        long_tailed_counts(full, 4)
    assert long_tailed_counts(full, 4, max_count=60) == [60, 30, 15]


def test_no_maximum_is_suggested_where_none_helps():
    with pytest.raises(ValueError, match='No max_count mends this'):
        long_tailed_counts([100, 0, 100], 4)


def test_given_counts_of_wrong_length_are_refused():
    with pytest.raises(ValueError, match='3 in this dataset, but got 2'):
        check_counts([1, 2], [5, 5, 5])


@pytest.mark.parametrize('counts', [[0, 1], [-1, 1], [1.5, 1]])
def test_given_counts_that_leave_a_class_empty_are_refused(counts):
    with pytest.raises(ValueError, match='whole numbers of at least 1'):
        check_counts(counts, [5, 5])


def test_given_counts_above_the_full_class_are_refused():
    with pytest.raises(
            ValueError, match='class 1 has 5, but the split '
            'keeps 6'):
        check_counts([1, 6], [5, 5])


def published_positions(name, factor):
    """Positions inside each class's own index list, as printed."""
    full = FULL[name]
    # Items sorted by class, so a position within the class is known by
    # subtracting the class's start.
    labels = np.repeat(np.arange(len(full)), full)
    counts = long_tailed_counts(full, factor)
    kept = kept_positions(labels, counts, seed=0)
    blocks = np.split(kept, np.cumsum(counts)[:-1])
    return [block - c * full[c] for c, block in enumerate(blocks)]


def test_positions_of_cifar10_at_100_are_the_published_ones():
    kept = published_positions('cifar10', 100)
    assert kept[0][:5].tolist() == [398, 3833, 4836, 4572, 636]
    assert kept[1][:5].tolist() == [597, 332, 521, 3935, 4800]
    assert kept[9][:5].tolist() == [2204, 3816, 2206, 2507, 1926]


def test_positions_of_cifar100_at_100_are_the_published_ones():
    kept = published_positions('cifar100', 100)
    assert kept[0][:5].tolist() == [90, 254, 283, 445, 461]
    assert kept[1][:5].tolist() == [277, 307, 436, 88, 261]
    assert kept[99].tolist() == [348, 153, 363, 361, 299]


def loop_with_global_seed(labels, counts, seed):
    np.random.seed(seed)
    kept = []
    for c, count in enumerate(counts):
        positions = np.array([i for i, y in enumerate(labels) if y == c])
        np.random.shuffle(positions)
        kept.extend(positions[:count].tolist())
    return kept


@given(
    labels=st.lists(st.integers(0, 3), min_size=4, max_size=60),
    seed=st.integers(0, 2**32 - 1))
def test_positions_equal_the_loop_with_the_global_seed(labels, seed):
    labels = np.array(labels + [0, 1, 2, 3])
    counts = [max(1, n // 2) for n in np.bincount(labels)]
    expected = loop_with_global_seed(labels, counts, seed)
    assert kept_positions(labels, counts, seed).tolist() == expected


def test_global_numpy_state_is_not_touched():
    np.random.seed(7)
    expected = np.random.rand(3)
    np.random.seed(7)
    kept_positions(np.arange(100) % 4, [5, 5, 5, 5], seed=0)
    np.testing.assert_array_equal(np.random.rand(3), expected)


def test_seeds_draw_different_images():
    labels = np.arange(1000) % 2
    first, second = (kept_positions(labels, [50, 50], seed) for seed in (0, 1))
    assert set(first) != set(second)


def test_seed_none_is_refused():
    with pytest.raises(ValueError, match='drawn again, but got None'):
        kept_positions(np.arange(4) % 2, [1, 1], seed=None)
