# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.audit.report.class_sizes import COLOURS, plot_class_sizes


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_bars_have_the_sizes_in_order_and_the_colour_of_their_group():
    _, axes = plot_class_sizes([15, 500, 50], ['a', 'b', 'c'], 'My set')
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == [500, 50, 15]
    assert [text.get_text() for text in axes.get_xticklabels()] == list('bca')
    assert labels(axes) == [
        'Head: 1 class, 500 images', 'Middle: 1 class, 50 images',
        'Tail: 1 class, 15 images'
    ]
    assert axes.get_title('left') == 'My set'


@pytest.mark.parametrize('classes', [101, 1000, 8142])
def test_many_classes_are_one_outline_for_each_group(classes):
    counts = [int(1000 / (c / 20 + 1)) for c in range(classes)]
    _, axes = plot_class_sizes(counts, ['x'] * classes)
    assert len(axes.patches) <= 3
    values = [v for outline in axes.patches for v in outline.get_data().values]
    assert values == sorted(counts, reverse=True)
    edges = [outline.get_data().edges for outline in axes.patches]
    assert edges[0][0] == 0.5 and edges[-1][-1] == classes + 0.5
    assert axes.get_xlabel() == 'Class, by rank'


def test_group_without_a_class_is_left_out():
    _, axes = plot_class_sizes([500, 300])
    assert labels(axes) == ['Head: 2 classes, 800 images']
    assert set(COLOURS) == {'head', 'middle', 'tail'}


def test_sizes_can_be_logarithmic_down_to_one_image():
    _, axes = plot_class_sizes([500, 1], log=True)
    assert axes.get_yscale() == 'log' and 0 < axes.get_ylim()[0] < 1
