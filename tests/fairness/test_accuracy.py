# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class accuracies, and the mean, dispersion and worst of them."""
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, recall_score

from mmcurv.fairness import (accuracy_variance, class_accuracy, class_mean,
                             geometric_mean, gini, harmonic_mean, max_min_bias,
                             worst_class, worst_fraction)
from tests.reference import fairness_aggregates as slow

AGGREGATES = [
    class_mean, accuracy_variance, max_min_bias, gini, harmonic_mean,
    geometric_mean
]
POSITIVE = st.lists(st.floats(1e-3, 1), min_size=1, max_size=40)
PAIRS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


@given(PAIRS)
def test_accuracy_equals_the_plain_loop_with_nan_for_none(pairs):
    labels, predictions = zip(*pairs)
    fast = class_accuracy(labels, predictions, num_classes=7)
    accuracy, correct, count = slow.class_accuracy(labels, predictions, 7)
    assert fast.correct.tolist() == correct
    assert fast.count.tolist() == count
    np.testing.assert_array_equal(
        fast.accuracy, [np.nan if a is None else a for a in accuracy])


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_of_images_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    first = class_accuracy(*zip(*pairs), num_classes=7)
    second = class_accuracy(*zip(*shuffled), num_classes=7)
    np.testing.assert_array_equal(first.accuracy, second.accuracy)
    np.testing.assert_array_equal(first.count, second.count)


def test_accuracy_of_a_class_is_its_recall_in_scikit_learn():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 12, (2, 500))
    fast = class_accuracy(labels, predictions, num_classes=12)
    np.testing.assert_allclose(fast.accuracy,
                               recall_score(labels, predictions, average=None))
    assert fast.overall == accuracy_score(labels, predictions)


def test_class_absent_from_the_test_set_is_nan_with_count_0():
    result = class_accuracy([0, 0, 2], [0, 1, 2], num_classes=5)
    np.testing.assert_array_equal(result.accuracy,
                                  [0.5, np.nan, 1, np.nan, np.nan])
    assert result.count.tolist() == [2, 0, 1, 0, 0]
    assert result.overall == 2 / 3


def test_empty_test_set_is_all_nan():
    result = class_accuracy([], [], num_classes=3)
    assert np.isnan(result.accuracy).all()
    assert np.isnan(result.overall)


def test_without_num_classes_the_largest_number_seen_decides():
    assert class_accuracy([0, 1], [0, 4]).accuracy.size == 5
    assert class_accuracy([0, 3], [0, 1]).accuracy.size == 4


def test_labels_in_tensors_are_those_in_lists():
    labels, predictions = [0, 1, 1, 2], [0, 1, 2, 2]
    tensors = class_accuracy(
        torch.tensor(labels), torch.tensor(predictions, dtype=torch.int32))
    np.testing.assert_array_equal(tensors.accuracy,
                                  class_accuracy(labels, predictions).accuracy)


def test_8142_classes_are_counted_without_a_confusion_matrix():
    labels = np.arange(8142).repeat(3)
    result = class_accuracy(labels, np.where(labels % 2, labels, 0), 8142)
    assert result.accuracy[:4].tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    'labels, predictions, error, words',
    [([0, 1], [0], ValueError, 'labels has 2, predictions has 1'),
     ([0, 5], [0, 1], ValueError, r'labels: .*0 to 2.*first 5 at position 1'),
     ([0, 1], [-1, 1], ValueError, r'predictions: .*1 of 2 outside.*-1'),
     ([0., 1.], [0, 1], TypeError, 'labels: expected integers, got float64'),
     ([0, 1], [[0, 1], [1, 0]], ValueError, r'predictions: .*\(2, 2\)')])
def test_bad_arguments_are_named(labels, predictions, error, words):
    with pytest.raises(error, match=words):
        class_accuracy(labels, predictions, num_classes=3)


@given(POSITIVE)
def test_aggregates_equal_the_plain_loops(values):
    expected = [
        slow.mean(values),
        slow.variance(values),
        slow.bias(values, 0.01),
        slow.gini(values),
        slow.harmonic_mean(values),
        slow.geometric_mean(values)
    ]
    for aggregate, value in zip(AGGREGATES, expected):
        result = aggregate(values)
        assert result.value == pytest.approx(value, rel=1e-9, abs=1e-12)
        assert result.entered == len(values)


@given(POSITIVE)
def test_worst_tenth_equals_the_plain_loop(values):
    worst = worst_fraction(values)
    mean, taken = slow.worst_tenth(values)
    assert worst.accuracy == pytest.approx(mean)
    assert (worst.taken, worst.entered) == (taken, len(values))


@given(POSITIVE, st.randoms(use_true_random=False))
def test_order_of_classes_does_not_matter(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    for aggregate in AGGREGATES:
        assert aggregate(values).value == pytest.approx(
            aggregate(shuffled).value, abs=1e-12)
    assert worst_class(values).accuracy == worst_class(shuffled).accuracy
    assert worst_fraction(values).accuracy == pytest.approx(
        worst_fraction(shuffled).accuracy)


@pytest.mark.parametrize('aggregate', AGGREGATES)
def test_absent_classes_change_the_count_alone(aggregate):
    with_absent = aggregate([np.nan, 0.2, 0.9, np.nan, 0.4])
    assert with_absent == aggregate([0.2, 0.9, 0.4])
    assert with_absent.entered == 3


@pytest.mark.parametrize('aggregate', AGGREGATES)
def test_no_known_class_is_nan_with_count_0(aggregate):
    result = aggregate([np.nan, np.nan])
    assert np.isnan(result.value)
    assert result.entered == 0


@pytest.mark.parametrize('aggregate', AGGREGATES)
def test_tensors_give_what_lists_give(aggregate):
    values = [0.25, 0.5, 0.75]
    assert aggregate(torch.tensor(values)) == aggregate(values)
    assert aggregate(torch.tensor(values).bfloat16()) == aggregate(values)


@pytest.mark.parametrize('aggregate', AGGREGATES)
def test_percentages_are_refused(aggregate):
    with pytest.raises(ValueError, match='got 65.5 for class 1; divide'):
        aggregate([0.5, 65.5])


@pytest.mark.parametrize('dispersion', [accuracy_variance, max_min_bias, gini])
@pytest.mark.parametrize('level', [0.0, 0.1, 1 / 3, 1.0])
def test_equal_classes_have_no_dispersion(dispersion, level):
    assert dispersion([level] * 7).value == pytest.approx(0, abs=1e-30)


def test_variance_is_that_of_the_population_of_fractions():
    assert accuracy_variance([0, 1]).value == 0.25
    assert accuracy_variance([0.2, 0.4, 0.6]).value == pytest.approx(0.08 / 3)


def test_bias_with_a_class_at_0_is_set_by_eps():
    assert max_min_bias([0.5, 0]).value == pytest.approx(49)
    assert max_min_bias([0.5, 0], eps=0.5).value == 0
    with pytest.raises(ValueError, match='eps: expected a positive number'):
        max_min_bias([0.5, 0], eps=0)


def test_gini_of_one_class_taking_all_is_1_minus_1_over_c():
    assert gini([0, 0, 0, 0.7]).value == pytest.approx(0.75)


def test_means_are_those_of_scipy():
    values = np.random.default_rng(0).uniform(0.01, 1, 100)
    assert harmonic_mean(values).value == pytest.approx(stats.hmean(values))
    assert geometric_mean(values).value == pytest.approx(stats.gmean(values))


def test_a_class_at_0_takes_both_means_to_0():
    assert harmonic_mean([0.9, 0, 0.8]).value == 0
    assert geometric_mean([0.9, 0, 0.8]).value == 0


def test_means_of_10000_tiny_accuracies_do_not_underflow():
    tiny = np.full(10_000, 1e-300)
    assert harmonic_mean(tiny).value == pytest.approx(1e-300)
    assert geometric_mean(tiny).value == pytest.approx(1e-300)


def test_worst_class_is_the_first_of_the_equally_bad():
    worst = worst_class([0.5, np.nan, 0.2, 0.9, 0.2])
    assert (worst.index, worst.accuracy) == (2, 0.2)
    assert (worst.tied, worst.entered) == (2, 4)


def test_worst_of_no_class_is_nan():
    assert worst_class([np.nan]).index is None
    assert np.isnan(worst_class([np.nan]).accuracy)
    assert np.isnan(worst_fraction([np.nan]).accuracy)
    assert worst_fraction([np.nan]).taken == 0


@pytest.mark.parametrize('classes, taken', [(1, 1), (9, 1), (10, 1), (11, 2),
                                            (70, 7), (100, 10), (8142, 815)])
def test_worst_tenth_is_rounded_up_to_whole_classes(classes, taken):
    assert worst_fraction(np.linspace(0, 1, classes)).taken == taken


def test_worst_fraction_outside_0_to_1_is_refused():
    for fraction in (0, 10):
        with pytest.raises(ValueError, match='10 % is 0.1'):
            worst_fraction([0.5], fraction)
