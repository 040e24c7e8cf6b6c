# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score

from mmcurv.fairness import class_accuracy
from tests.reference import fairness_aggregates as slow

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


def test_tensors_give_what_lists_give():
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
