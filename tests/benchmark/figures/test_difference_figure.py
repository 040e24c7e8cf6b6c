# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
from matplotlib.colors import to_hex

from mmcurv.audit.report.style import ACCENT, ALERT, MUTED
from mmcurv.benchmark.figures.difference_figure import plot_differences
from tests.benchmark.page_example import mixed_example


def pair(method, **metrics):
    return dict(
        method=method,
        dataset='Data',
        imbalance_factor=None,
        model='M',
        variant='',
        metrics=metrics)


def entry(difference, low=math.nan, high=math.nan, p_holm=math.nan):
    return dict(difference=difference, low=low, high=high, p_holm=p_holm)


def dots(axis):
    """Height, value, colour and fill of each difference."""
    return [(line.get_ydata()[0], line.get_xdata()[0],
             to_hex(line.get_color()), line.get_fillstyle())
            for line in axis.lines if line.get_marker() == 'o']


def test_only_clear_differences_are_filled_and_coloured():
    _, axes = plot_differences(
        dict(pairs=[
            pair('A', overall=entry(2., 1., 3., 0.01)),
            pair('B', overall=entry(-2., -3., -1., 0.01)),
            pair('C', overall=entry(2., 1., 3., 0.4)),
            pair('D', overall=entry(2.)),
        ]))
    assert axes.shape == (1, 1)  # no pair has the tail or the variance
    assert dots(axes[0,
                     0]) == [(1, 2., ACCENT, 'full'), (2, -2., ALERT, 'full'),
                             (3, 2., MUTED, 'none'), (4, 2., MUTED, 'none')]
    assert [text.get_text() for text in axes[0, 0].get_yticklabels()
            ] == ['Data', 'A', 'B', 'C', 'D']


def test_less_variance_is_drawn_as_better():
    _, axes = plot_differences(
        dict(pairs=[pair('A', variance=entry(-0.02, -0.03, -0.01, 0.01))]))
    assert dots(axes[0, 0])[0][2] == ACCENT


def test_interval_is_drawn_from_end_to_end():
    _, summary = mixed_example()
    _, axes = plot_differences(summary)
    assert axes.shape == (1, 2)  # no class is in the tail
    lines = [
        list(line.get_xdata()) for line in axes[0, 0].lines
        if len(line.get_xdata()) == 2 and line.get_marker() == 'None'
    ]
    found = [pair['metrics']['overall'] for pair in summary['pairs'][:2]]
    assert lines[1:] == [[each['low'], each['high']] for each in found]


def test_what_lies_outside_ends_in_an_arrow():
    pairs = [pair(f'{i}', overall=entry(1., 0.5, 1.5, 1.)) for i in range(20)]
    pairs.append(pair('last', overall=entry(-40., -50., -30., 0.01)))
    _, axes = plot_differences(dict(pairs=pairs))
    arrows = [line for line in axes[0, 0].lines if line.get_marker() in '<>']
    assert [arrow.get_marker() for arrow in arrows] == ['<']
    assert arrows[0].get_xdata()[0] == axes[0, 0].get_xlim()[0]
    assert len(dots(axes[0, 0])) == 20


def test_summary_without_differences_says_what_is_needed():
    with pytest.raises(ValueError, match='found none among 1 pairs'):
        plot_differences(dict(pairs=[pair('A', overall=entry(math.nan))]))
