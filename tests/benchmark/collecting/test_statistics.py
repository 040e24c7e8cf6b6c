# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
from scipy import stats

from mmcurv.benchmark.collecting.statistics import mean_interval

nan = math.nan


def test_interval_of_three_values_is_the_one_worked_out_by_hand():
    # s = 1, t(0.975; 2) = 4.30265, so half = 4.30265 / sqrt(3).
    found = mean_interval([1, 2, 3])
    assert found.mean == 2 and found.n == 3
    assert found.high - 2 == pytest.approx(2.484138, abs=1e-6)
    assert 2 - found.low == pytest.approx(2.484138, abs=1e-6)


def test_interval_of_two_values_reaches_t_times_half_their_distance():
    # s / sqrt(2) is half the distance, t(0.975; 1) = tan(0.475 pi).
    found = mean_interval([70., 71.])
    assert found.high - 70.5 == pytest.approx(
        0.5 * math.tan(0.475 * math.pi), rel=1e-9)


def test_one_value_has_a_mean_and_no_interval():
    assert mean_interval([70.])[0] == 70
    assert np.isnan(mean_interval([70.])[1:3]).all()
    assert mean_interval([70.]).n == 1


def test_no_value_is_nan_beside_zero():
    for values in ([], [nan, None]):
        found = mean_interval(values)
        assert np.isnan(found[:3]).all() and found.n == 0


def test_absent_values_do_not_enter():
    assert mean_interval([1, nan, 2, None, 3]) == mean_interval([1, 2, 3])


def test_equal_values_have_an_interval_of_no_length():
    assert mean_interval([5., 5., 5.]) == (5, 5, 5, 3)


@pytest.mark.parametrize('confidence', [0.5, 0.95, 0.99])
def test_interval_is_that_of_scipy(confidence):
    values = np.random.default_rng(0).normal(size=7)
    found = mean_interval(values, confidence)
    assert found[1:3] == pytest.approx(
        stats.t.interval(confidence, 6, values.mean(), stats.sem(values)))


def test_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = [mean_interval(rng.normal(size=3)) for _ in range(2000)]
    held = np.mean([each.low <= 0 <= each.high for each in found])
    assert held == pytest.approx(0.95, abs=0.015)
