# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcurv import fairness
from mmcurv.fairness import class_mean, group_accuracy, group_names
from tests.reference import fairness_aggregates as slow

CLASSES = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 500)),
    min_size=1,
    max_size=40)


def _split(classes):
    accuracy, counts = zip(*classes)
    return [np.nan if a is None else a for a in accuracy], counts


@given(CLASSES)
def test_groups_equal_the_plain_loop(classes):
    accuracy, counts = _split(classes)
    groups = group_accuracy(accuracy, counts)
    for name in ('head', 'middle', 'tail'):
        mean, entered = slow.group_mean(*zip(*classes), name)
        group = getattr(groups, name)
        assert group.entered == entered
        assert group.classes == [slow.group_of(n) for n in counts].count(name)
        np.testing.assert_allclose(group.accuracy,
                                   np.nan if mean is None else mean)


@given(CLASSES, st.randoms(use_true_random=False))
def test_order_of_classes_does_not_matter(classes, random):
    shuffled = list(classes)
    random.shuffle(shuffled)
    first = group_accuracy(*_split(classes))
    second = group_accuracy(*_split(shuffled))
    for name in ('head', 'middle', 'tail'):
        a, b = getattr(first, name), getattr(second, name)
        assert (a.entered, a.classes) == (b.entered, b.classes)
        np.testing.assert_allclose(a.accuracy, b.accuracy)


@given(CLASSES)
def test_groups_weighted_by_their_classes_give_the_class_mean(classes):
    accuracy, counts = _split(classes)
    groups = group_accuracy(accuracy, counts)
    parts = [groups.head, groups.middle, groups.tail]
    mean = class_mean(accuracy)
    assert sum(g.entered for g in parts) == mean.entered
    if mean.entered:
        total = sum(g.accuracy * g.entered for g in parts if g.entered)
        assert total / mean.entered == pytest.approx(mean.value)


def test_both_bounds_belong_to_middle():
    assert group_names(
        [101, 100, 20, 19,
         0]).tolist() == ['head', 'middle', 'middle', 'tail', 'tail']


def test_thresholds_are_arguments():
    names = group_names([7, 6, 3, 2], head_above=6, tail_below=3)
    assert names.tolist() == ['head', 'middle', 'middle', 'tail']


def test_empty_group_is_nan_with_no_class():
    groups = group_accuracy([0.5, 0.7], [500, 300])
    assert np.isnan(groups.tail.accuracy)
    assert (groups.tail.entered, groups.tail.classes) == (0, 0)


def test_group_of_absent_classes_is_nan_but_counts_them():
    groups = group_accuracy([0.5, np.nan], [500, 3])
    assert np.isnan(groups.tail.accuracy)
    assert (groups.tail.entered, groups.tail.classes) == (0, 1)


@pytest.mark.parametrize('arguments, error, words', [
    (([0.5], [3, 4]), ValueError, 'accuracy has 1, train_counts has 2'),
    (([0.5], [3.5]), TypeError, 'train_counts: expected integers'),
    (([0.5], [-1]), ValueError, 'train_counts: .*-1 for class 0'),
    (([50.], [3]), ValueError, 'divide percentages by 100'),
    (([0.5], [3], 10, 20), ValueError, 'tail_below=20 and head_above=10'),
])
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        group_accuracy(*arguments)


def test_summary_holds_what_the_functions_give():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 20, (2, 400))
    counts = np.geomspace(500, 5, 20).astype(int)
    classes = fairness.class_accuracy(labels, predictions, 21)
    counts = np.append(counts, 3)
    summary = fairness.fairness_summary(classes, counts)
    accuracy = classes.accuracy
    assert summary == fairness.FairnessSummary(
        overall=classes.overall,
        class_mean=fairness.class_mean(accuracy),
        groups=fairness.group_accuracy(accuracy, counts),
        variance=fairness.accuracy_variance(accuracy),
        bias=fairness.max_min_bias(accuracy),
        worst_class=fairness.worst_class(accuracy),
        worst_10pct=fairness.worst_fraction(accuracy),
        harmonic_mean=fairness.harmonic_mean(accuracy),
        geometric_mean=fairness.geometric_mean(accuracy),
        gini=fairness.gini(accuracy))
    assert summary.class_mean.entered == 20


def test_summary_without_counts_has_no_groups():
    classes = fairness.class_accuracy([0, 1, 1], [0, 1, 0])
    assert fairness.fairness_summary(classes).groups is None


def test_fairness_imports_neither_torch_nor_mmengine():
    code = ('import sys\n'
            'from mmcurv import fairness\n'
            'assert fairness.gini([0.5, 0.5]).value == 0\n'
            'names = {"torch", "mmengine", "mmpretrain", "mmcv"}\n'
            'assert not names & set(sys.modules)\n')
    subprocess.run([sys.executable, '-c', code], check=True)
