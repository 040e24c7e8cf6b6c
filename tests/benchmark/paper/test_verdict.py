# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.paper.verdict import RULE, gain_verdict, verdict

nan = math.nan


def ours(mean, half=0.5, n=3):
    return dict(mean=mean, low=mean - half, high=mean + half, n=n)


def test_rule_of_the_pages_is_that_of_the_function():
    assert RULE in ' '.join(verdict.__doc__.split())


def test_no_finished_run_is_not_run_whatever_else_holds():
    assert verdict(70, ours(nan, n=0), 'overall', 0,
                   ['other data']) == ('not run', '')


@pytest.mark.parametrize('mean', [69, 69.5, 70, 70.7, 71])
def test_a_mean_within_a_point_is_reproduced(mean):
    assert verdict(70, ours(mean), 'overall', 3, [])[0] == 'reproduced'


@pytest.mark.parametrize('mean', [68.98, 71.02])
def test_a_mean_beyond_a_point_is_not(mean):
    said, reason = verdict(70, ours(mean), 'overall', 3, [])
    assert said == 'not reproduced'
    side = 'below' if mean < 70 else 'above'
    assert reason == f'1.02 points {side} the paper'


def test_rounding_does_not_decide_about_one_point():
    assert 64.4 - 63.4 > 1  # as floats
    assert verdict(63.4, ours(64.4), 'overall', 3, [])[0] == 'reproduced'


def test_a_number_in_a_narrow_interval_is_reproduced():
    said, reason = verdict(70, ours(71.9, 1.95), 'overall', 3, [])
    assert said == 'reproduced' and 'which our interval holds' in reason


def test_a_number_in_a_wide_interval_is_not():
    assert verdict(70, ours(71.9, 2.1), 'overall', 3,
                   [])[0] == 'not reproduced'


@pytest.mark.parametrize('mean, said', [(-0.55, 'reproduced'),
                                        (-0.66, 'not reproduced')])
def test_a_correlation_has_to_be_within_a_tenth(mean, said):
    # Its interval, which holds the number, has no say.
    assert verdict(-0.45, ours(mean, 0.3), 'correlation', 3, [])[0] == said


@pytest.mark.parametrize('value, found, metric, objections, reason', [
    (70, ours(70), 'overall', ['other data: x instead of y'], 'other data: x'),
    (70, ours(70, n=2), 'overall', [], '2 of at least 3 seeds'),
    (25, ours(25), 'curvature_variance', [], 'tangent dimension and unit'),
    (nan, ours(70), 'overall', [], 'the paper prints no value'),
])
def test_what_is_not_comparable_says_why(value, found, metric, objections,
                                         reason):
    said, words = verdict(value, found, metric, 3, objections)
    assert said == 'not comparable' and reason in words


def test_all_reasons_are_told():
    _, words = verdict(nan, ours(70, n=1), 'overall', 1, ['a', 'b'])
    assert words == ('a; b; 1 of at least 3 seeds have it; the paper prints '
                     'no value')


@pytest.mark.parametrize('value, mean, half, said', [
    (0.8, 0.8, 0.5, 'reproduced'),
    (0.8, 0.8, 0.9, 'not reproduced'),
    (0.8, -0.1, 0.05, 'not reproduced'),
    (-0.6, -0.8, 0.5, 'reproduced'),
    (-0.6, 0.3, 0.1, 'not reproduced'),
    (2.5, 0.8, 0.5, 'not reproduced'),
])
def test_a_gain_must_be_near_and_told_from_none(value, mean, half, said):
    assert gain_verdict(value, ours(mean, half), 'overall', 3, [])[0] == said


def test_a_gain_that_could_be_none_says_so():
    reason = gain_verdict(0.8, ours(0.8, 0.9), 'overall', 3, [])[1]
    assert reason.endswith('but cannot be told from no gain')


def test_gain_that_was_not_run_is_not_run():
    assert gain_verdict(0.8, ours(nan, n=0), 'overall', 0, [])[0] == 'not run'
