# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.pages.outcome import (OUTCOMES, count_outcomes, outcome,
                                            reach)


def entry(difference=2., low=1., high=3., p_holm=0.01):
    return dict(difference=difference, low=low, high=high, p_holm=p_holm)


@pytest.mark.parametrize('better, above, below',
                         [(1, 'clearly better', 'clearly worse'),
                          (-1, 'clearly worse', 'clearly better'),
                          (0, 'clearly higher', 'clearly lower')])
def test_clear_differences_go_by_what_is_better(better, above, below):
    assert outcome(entry(), better) == above
    assert outcome(entry(-2., -3., -1.), better) == below


@pytest.mark.parametrize('p_holm, said', [(0.05, 'clearly better'),
                                          (0.051, 'only before correction'),
                                          (math.nan, 'no test')])
def test_interval_beside_zero_is_not_enough(p_holm, said):
    assert outcome(entry(p_holm=p_holm), 1) == said


def test_interval_around_zero_is_not_clear_whatever_the_sign():
    assert outcome(entry(5., -0.1, 10.1, 0.01), 1) == 'not clear'
    assert outcome(entry(1., 0., 2.), 1) == 'not clear'


def test_one_seed_allows_no_test_and_no_seed_is_not_known():
    nan = math.nan
    assert outcome(entry(2., nan, nan, nan), 1) == 'no test'
    assert outcome(entry(nan, nan, nan, nan), 1) == 'not known'
    assert outcome({}, 1) == 'not known'


def test_every_difference_is_counted_once():
    counts = count_outcomes(
        [entry(), entry(), entry(-2., -3., -1.), {}], better=1)
    assert list(counts) == list(OUTCOMES)
    assert {
        name: n
        for name, n in counts.items() if n
    } == {
        'clearly better': 2,
        'clearly worse': 1,
        'not known': 1
    }


def test_drawing_holds_few_differences_with_their_intervals():
    assert reach([entry(1., -14., 3.)]) == pytest.approx(1.06 * 14)
    assert reach([entry(1., math.nan, math.nan)]) == pytest.approx(1.06)
    assert reach([{}]) == 1 and reach([entry(0., 0., 0.)]) == 1


def test_one_run_that_collapsed_does_not_hide_the_others():
    entries = [entry(1., -1., 3.)] * 20 + [entry(-50., -90., -10.)]
    assert reach(entries) == pytest.approx(1.06 * 3)
