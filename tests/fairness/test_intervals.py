# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mmcurv.fairness import (difference_interval, paired_difference,
                             wilson_interval)

CLASSES = st.integers(
    1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(CLASSES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_interval_is_that_of_scipy(classes, confidence):
    correct, count = classes
    ours = wilson_interval([correct], [count], confidence)
    theirs = stats.binomtest(correct,
                             count).proportion_ci(confidence, 'wilson')
    assert ours.low[0] == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high[0] == pytest.approx(theirs.high, abs=1e-12)


@given(CLASSES)
def test_interval_holds_the_accuracy_and_stays_in_0_to_1(classes):
    correct, count = classes
    interval = wilson_interval([correct], [count])
    assert 0 <= interval.low[0] <= correct / count <= interval.high[0] <= 1


def test_none_of_n_correct_is_not_a_point():
    z = 1.959963984540054
    interval = wilson_interval([0], [10])
    assert interval.low[0] == 0
    assert interval.high[0] == pytest.approx(z**2 / (10 + z**2))


def test_class_without_test_images_is_nan():
    interval = wilson_interval([3, 0], [4, 0])
    assert np.isnan([interval.low[1], interval.high[1]]).all()
    assert np.isfinite([interval.low[0], interval.high[0]]).all()


@pytest.mark.parametrize('arguments, error, words', [
    (([5], [4]), ValueError, '5 correct of 4 for class 0'),
    (([1, 2], [4]), ValueError, 'correct has 2, count has 1'),
    (([0.5], [4]), TypeError, 'correct: expected integers'),
    (([1], [4], 95), ValueError, 'confidence: .*between 0 and 1.*got 95'),
])
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        wilson_interval(*arguments)


def mean(values):
    return values.mean(-1)


def share(correct, count):
    return correct.sum(-1) / count.sum(-1)


def test_value_is_second_minus_first_by_hand():
    found = paired_difference([[0.5, 0.1, 0.9]], [[0.6, 0.4, 0.8]], mean)
    assert found.first == pytest.approx(0.5)
    assert found.second == pytest.approx(0.6)
    assert found.value == pytest.approx(0.1)
    assert found.entered == 3


def test_statistic_of_several_vectors_weighs_classes():
    found = paired_difference([[1, 9], [10, 10]], [[2, 90], [10, 100]], share)
    assert found.first == pytest.approx(0.5)
    assert found.second == pytest.approx(92 / 110)


def test_class_unknown_in_either_is_left_out_of_both():
    first, second = [0.5, np.nan, 0.9, 0.2], [0.6, 0.4, np.nan, 0.4]
    found = paired_difference([first], [second], mean)
    assert found.entered == 2
    assert found.value == pytest.approx(0.15)


def test_equal_change_of_all_classes_has_an_interval_of_no_width():
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 0.8, 50)
    found = paired_difference([first], [first + 0.1], mean)
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)


def test_interval_of_a_mean_change_agrees_with_scipy():
    rng = np.random.default_rng(0)
    first = rng.uniform(size=200)
    second = first + rng.normal(0.02, 0.1, 200)
    found = paired_difference([first], [second], mean, resamples=4000)
    oracle = stats.bootstrap((second - first, ),
                             np.mean,
                             n_resamples=4000,
                             method='percentile',
                             rng=1).confidence_interval
    assert found.low == pytest.approx(oracle.low, abs=1e-3)
    assert found.high == pytest.approx(oracle.high, abs=1e-3)


def test_no_common_class_is_nan_with_zero_entered():
    found = paired_difference([[np.nan]], [[0.5]], mean)
    assert np.isnan([found.value, found.low, found.high, found.first]).all()
    assert (found.entered, found.resamples) == (0, 0)


def test_one_class_has_a_value_but_no_interval():
    found = paired_difference([[0.25]], [[0.5]], mean)
    assert found.value == 0.25
    assert np.isnan([found.low, found.high]).all()


def test_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(size=(2, 30))
    a, b, other = (
        paired_difference([first], [second], mean, seed=seed)
        for seed in (1, 1, 2))
    assert (a.low, a.high) == (b.low, b.high) != (other.low, other.high)


def test_vectors_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match='length'):
        paired_difference([[0.1, 0.2]], [[0.1]], mean)
    with pytest.raises(ValueError, match='as many vectors'):
        paired_difference([[0.1], [0.2]], [[0.1]], mean)


def test_difference_interval_is_that_of_newcombe_by_hand():
    # 48 of 80 against 56 of 70, from the formula with z = 1.959964.
    low, high = wilson_by_hand(48, 80), wilson_by_hand(56, 70)
    found = difference_interval([48], [80], [56], [70])
    assert found.low[0] == pytest.approx(0.2 - np.sqrt((0.8 - high[0])**2 +
                                                       (low[1] - 0.6)**2))
    assert found.high[0] == pytest.approx(0.2 + np.sqrt((high[1] - 0.8)**2 +
                                                        (0.6 - low[0])**2))
    np.testing.assert_allclose([found.low[0], found.high[0]], [0.0524, 0.3339],
                               atol=5e-5)


def wilson_by_hand(correct, count, z=1.959964):
    p = correct / count
    middle = p + z * z / (2 * count)
    half = z * np.sqrt(p * (1 - p) / count + z * z / (4 * count**2))
    return [(middle + s * half) / (1 + z * z / count) for s in (-1, 1)]


def test_difference_interval_turns_round_with_its_arguments():
    there = difference_interval([3, 0], [10, 5], [7, 5], [12, 5])
    back = difference_interval([7, 5], [12, 5], [3, 0], [10, 5])
    np.testing.assert_allclose(there.low, -back.high)
    assert (there.low >= -1).all() and (there.high <= 1).all()


def test_difference_of_an_untested_class_is_nan():
    found = difference_interval([0], [0], [3], [5])
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert np.isnan(wilson_interval([0], [0]).low[0])
