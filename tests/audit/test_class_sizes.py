# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from rich.console import Console

from mmcurv.audit.report.class_sizes import (class_sizes_chart, group_size,
                                             plot_class_sizes, size_order,
                                             size_rows)


def printed(*args):
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(class_sizes_chart(*args))
    return capture.get().splitlines()


def bars(lines):
    return [line.count('█') for line in lines]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


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
    assert group_size(counts, 'head') == (1, 101)
    assert group_size(counts, 'middle') == (2, 120)
    assert group_size(counts, 'tail') == (2, 19)
    assert group_size([1], 'head') == (0, 0)


def test_bars_of_the_terminal_are_as_long_as_the_classes_are_large():
    lines = printed([100, 400, 200], ['a', 'b [x]', 'c'])
    assert lines[0].split()[:3] == ['b', '[x]', '400']
    longest, half, quarter = bars(lines)[:3]
    assert longest > 60
    assert half == pytest.approx(longest / 2, abs=1)
    assert quarter == pytest.approx(longest / 4, abs=1)


@pytest.mark.parametrize('classes', [1, 10, 100, 1000, 8142])
def test_chart_fits_a_screen_at_any_number_of_classes(classes):
    lines = printed([int(1000 / (c + 1)) for c in range(classes)])
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 80


def test_groups_are_counted_below_the_chart():
    text = '\n'.join(printed([101, 100, 20, 19]))
    assert '1 class  101 images' in text
    assert '2 classes  120 images' in text
    assert '1 class   19 images' in text


def test_empty_classes_have_no_bar():
    assert bars(printed([0, 0]))[:2] == [0, 0]


@pytest.mark.parametrize('classes', [3, 101, 1000, 8142])
def test_drawing_has_the_sizes_in_order_one_outline_for_each_group(classes):
    counts = [int(1000 / (c / 20 + 1)) for c in range(classes)]
    _, axes = plot_class_sizes(counts, ['x'] * classes)
    values = [v for outline in axes.patches for v in outline.get_data().values]
    assert values == sorted(counts, reverse=True)
    edges = [outline.get_data().edges for outline in axes.patches]
    assert edges[0][0] == 0.5 and edges[-1][-1] == classes + 0.5


def test_drawing_names_few_classes_and_says_what_a_group_holds():
    _, axes = plot_class_sizes([15, 500, 50], ['a', '$b$', 'c'], 'My set')
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert names == ['$b$', 'c', 'a']
    assert legend(axes) == [
        'Head: 1 class, 500 images', 'Middle: 1 class, 50 images',
        'Tail: 1 class, 15 images'
    ]
    assert axes.get_title('left') == 'My set'


def test_group_without_a_class_is_left_out():
    _, axes = plot_class_sizes([500, 300])
    assert legend(axes) == ['Head: 2 classes, 800 images']
