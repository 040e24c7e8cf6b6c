# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.benchmark.collecting.paired_statistics import (holm,
                                                           paired_statistics)

nan = math.nan


def test_differences_of_three_seeds_are_those_worked_out_by_hand():
    found = paired_statistics([60, 61, 62], [61, 63, 65])  # 1, 2, 3
    assert found.difference == 2 and found.n == 3
    assert found.high - 2 == pytest.approx(2.484138, abs=1e-6)
    # t = 2 sqrt(3); for two degrees of freedom p = 1 - t / sqrt(2 + t^2).
    assert found.p == pytest.approx(1 - math.sqrt(12) / math.sqrt(14))
    assert (found.positive, found.negative, found.zero) == (3, 0, 0)


def test_p_of_two_pairs_is_that_of_the_cauchy_distribution():
    found = paired_statistics([0, 0], [1, 3])  # t = 2
    assert found.p == pytest.approx(1 - 2 * math.atan(2) / math.pi)


def test_what_a_seed_does_to_both_runs_cancels():
    luck = np.array([0., 10., -30.])
    found = paired_statistics(luck + 60, luck + [61, 62, 63])
    assert found == pytest.approx(paired_statistics([60] * 3, [61, 62, 63]))


def test_equal_differences_have_no_p_and_an_interval_of_no_length():
    found = paired_statistics([70.1, 71.2, 69.3], [72.1, 73.2, 71.3])
    assert found.difference == pytest.approx(2)
    assert found.low == found.high == found.difference
    assert math.isnan(found.p) and found.positive == 3


def test_equal_runs_differ_by_zero_without_p():
    found = paired_statistics([70.1, 71.2], [70.1, 71.2])
    assert found[:4] == (0, 0, 0, 2)
    assert math.isnan(found.p) and found.zero == 2


def test_signs_are_counted_and_rounding_is_no_sign():
    without = [0.1 + 0.2, 1, 1, 1]
    found = paired_statistics(without, [0.3, 2, 0, 3])
    assert (found.positive, found.negative, found.zero) == (2, 1, 1)


def test_a_pair_enters_only_if_both_runs_are_known():
    found = paired_statistics([1, nan, 3, 4], [2, 2, None, 7])
    assert found == paired_statistics([1, 4], [2, 7])


def test_one_pair_has_a_difference_and_nothing_else():
    found = paired_statistics([1], [3])
    assert found.difference == 2 and found.n == 1
    assert np.isnan([found.low, found.high, found.p]).all()


def test_no_pair_is_nan_beside_zeros():
    found = paired_statistics([nan], [3])
    assert np.isnan([found.difference, found.low, found.high, found.p]).all()
    assert found[3] == 0 and found[5:] == (0, 0, 0)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match='got 2 and 1'):
        paired_statistics([1, 2], [1])


def test_holm_is_the_example_worked_out_by_hand():
    # 4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04 raised to the one before it.
    assert holm([0.01, 0.04, 0.03,
                 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_does_not_count_tests_that_could_not_be_made():
    found = holm([0.02, nan, 0.01])
    assert found[0] == pytest.approx(0.02) and math.isnan(found[1])
    assert found[2] == pytest.approx(0.02)


def test_holm_of_one_test_changes_nothing_and_of_none_is_empty():
    assert holm([0.03]) == [0.03] and holm([]) == []


def test_holm_never_rises_above_one():
    assert holm([0.9, 0.8]) == [1, 1]


def slow_holm(p_values):
    """Reject one after the other; the level at which each is rejected."""
    left = sorted(p_values)
    needed, level = {}, 0
    while left:
        level = max(level, left[0] * len(left))
        needed[left.pop(0)] = min(level, 1)
    return [needed[p] for p in p_values]


def test_holm_is_the_step_down_procedure():
    for seed in range(20):
        p_values = np.random.default_rng(seed).uniform(0, 0.3, 9).tolist()
        assert holm(p_values) == pytest.approx(slow_holm(p_values))
