# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mmcurv.fairness import wilson_interval

CLASSES = st.integers(
    1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(CLASSES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_interval_is_that_of_scipy(classes, confidence):
    correct, count = classes
    ours = wilson_interval([correct], [count], confidence)
    theirs = binomtest(correct, count).proportion_ci(confidence, 'wilson')
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
