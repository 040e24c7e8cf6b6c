# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.audit.report.class_sizes import (GroupSize, group_size, size_order,
                                             size_rows)


def test_classes_are_ordered_by_size_and_then_by_index():
    assert size_order([5, 9, 5, 0]).tolist() == [1, 0, 2, 3]


def test_few_classes_have_a_row_each():
    rows = size_rows([3, 500, 20], ['a', 'b', 'c'])
    assert [(row.name, row.largest, row.group)
            for row in rows] == [('b', 500, 'head'), ('c', 20, 'middle'),
                                 ('a', 3, 'tail')]
    assert [(row.first, row.last) for row in rows] == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize('classes', [41, 100, 1000, 8142])
@pytest.mark.parametrize('most', [3, 10, 40])
def test_rows_hold_every_class_once_and_mix_no_groups(classes, most):
    counts = np.random.default_rng(classes).integers(0, 300, classes)
    rows = size_rows(counts, most=most)
    assert 3 <= len(rows) <= most
    assert rows[0].first == 1 and rows[-1].last == classes
    assert all(b.first == a.last + 1 for a, b in zip(rows, rows[1:]))
    total = sum(row.mean * (row.last - row.first + 1) for row in rows)
    assert total == pytest.approx(counts.sum())
    for row in rows:
        bounds = dict(head=(101, 300), middle=(20, 100), tail=(0, 19))
        low, high = bounds[row.group]
        assert low <= row.smallest <= row.mean <= row.largest <= high
        assert row.name == ''


def test_group_of_one_class_among_thousands_keeps_its_row():
    rows = size_rows([1000] + [5] * 8141, most=10)
    assert (rows[0].group, rows[0].last) == ('head', 1)


def test_group_size_counts_classes_and_images():
    counts = [101, 100, 20, 19, 0]
    assert group_size(counts, 'head') == GroupSize(1, 101)
    assert group_size(counts, 'middle') == GroupSize(2, 120)
    assert group_size(counts, 'tail') == GroupSize(2, 19)
    assert group_size([1], 'head') == GroupSize(0, 0)


def test_too_few_classes_or_rows_are_refused():
    with pytest.raises(ValueError, match='got 0 classes and 40 rows'):
        size_rows([])
    with pytest.raises(ValueError, match='got 1 classes and 2 rows'):
        size_rows([1], most=2)
