# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.figures.grouped_rows import group_rows, row_panels


def test_rows_stand_under_their_headings_in_the_order_they_come():
    rows = group_rows([('x', 'a'), ('y', 'a'), ('x', 'b'), ('x', 'a')])
    assert rows.ticks == [(0, 'x', True), (1, 'a', False), (2, 'b', False),
                          (3, 'y', True), (4, 'a', False)]
    assert rows.places == {('x', 'a'): 1, ('x', 'b'): 2, ('y', 'a'): 4}


def test_panels_share_rows_named_at_the_left():
    figure, axes = row_panels(group_rows([('$x$', 'a'), ('$x$', 'b')]), 2, 3.)
    left, right = ([text.get_text() for text in axis.get_yticklabels()]
                   for axis in axes.flat)
    assert left == ['$x$', 'a', 'b'] and right == [''] * 3
    assert axes[0, 0].yaxis_inverted()
    figure.canvas.draw()  # a dollar is no mathematics
