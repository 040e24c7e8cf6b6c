# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.pages.glance import glance_columns, glance_rows, headline
from tests.benchmark.page_example import mixed_example, study_example


def pair(difference=2., low=1., high=3., p_holm=0.01):
    return dict(
        metrics=dict(
            overall=dict(
                difference=difference, low=low, high=high, p_holm=p_holm)))


NAN = math.nan
UP, DOWN = pair(), pair(-2., -3., -1.)
UNCLEAR, FLUKE = pair(1., -1., 3., 1.), pair(p_holm=0.2)
ALONE, ABSENT = pair(2., NAN, NAN, NAN), pair(NAN, NAN, NAN, NAN)


@pytest.mark.parametrize('pairs, words', [
    ([UP, UP, DOWN, ABSENT
      ], 'is clearly better in 2 and clearly worse in 1 of 3 comparisons.'),
    ([UNCLEAR, FLUKE, ALONE], 'is clearly different in none of 3 comparisons; '
     '1 differs only before correction and 1 allows no test.'),
    ([UP], 'is clearly better: +2.00 points, 95 % interval +1.00 to +3.00.'),
    ([UNCLEAR], 'is not clearly different: +1.00 points, 95 % interval −1.00 '
     'to +3.00.'),
    ([ALONE, ABSENT], 'is different by what allows no test: +2.00 points.'),
])
def test_headline_tells_clear_from_unclear(pairs, words):
    assert headline(dict(pairs=pairs)) == f'Overall accuracy with CR {words}'


@pytest.mark.parametrize('pairs', [[], [ABSENT]])
def test_headline_says_that_nothing_can_be_compared(pairs):
    assert headline(dict(pairs=pairs)).startswith('No comparison')


def test_numbers_that_no_pair_has_are_left_out():
    _, summary = mixed_example()
    rows = glance_rows(summary)
    labels = [row['label'] for row in rows]
    assert 'Overall' in labels and 'Tail' not in labels
    assert all(sum(row['counts']) == 6 for row in rows)
    assert glance_rows(dict(pairs=[ABSENT])) == []


def test_columns_are_those_that_are_needed():
    _, summary = study_example()
    names = [name for _, name in glance_columns(glance_rows(summary))]
    assert names == ['clearly better', 'clearly worse', 'not clear']
