# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats

from mmcurv.fairness import (below_the_rest, benjamini_hochberg,
                             classes_differ, holm, mcnemar_test,
                             two_accuracies_test)


def test_adjusted_p_values_are_those_of_scipy_and_by_hand():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.2])
    known = ~np.isnan(p)
    np.testing.assert_allclose(
        benjamini_hochberg(p)[known], stats.false_discovery_control(p[known]))
    np.testing.assert_allclose(holm(p), [0.04, np.nan, 0.09, 0.09, 0.2])
    assert np.isnan(benjamini_hochberg(p)[1])


def test_class_below_the_rest_has_the_p_value_of_fisher():
    correct, count = [49, 30, 47, 0], [50, 50, 48, 0]
    p = below_the_rest(correct, count)
    for c in range(3):
        rest = [sum(correct) - correct[c], sum(count) - count[c]]
        table = [[correct[c], count[c] - correct[c]],
                 [rest[0], rest[1] - rest[0]]]
        assert p[c] == pytest.approx(
            stats.fisher_exact(table, alternative='less').pvalue)
    assert np.isnan(p[3]) and p[1] < 1e-5


def test_one_error_of_fifty_fails_no_class_of_a_thousand():
    correct = np.full(1000, 50)
    correct[:57] = 49
    q = benjamini_hochberg(below_the_rest(correct, np.full(1000, 50)))
    assert q.min() > 0.05
    correct[0] = 40
    q = benjamini_hochberg(below_the_rest(correct, np.full(1000, 50)))
    assert np.flatnonzero(q <= 0.05).tolist() == [0]


def test_equal_classes_differ_in_one_set_of_twenty_at_most():
    rng = np.random.default_rng(0)
    for count, share in ((np.full(10, 100), 0.7), (np.full(20, 6), 0.95)):
        p = np.array([
            classes_differ(
                rng.binomial(count, share), count, permutations=199).p_value
            for _ in range(400)
        ])
        assert (p <= 0.05).mean() < 0.08


def test_classes_that_differ_are_found_by_either_way():
    large = classes_differ([90, 70, 50], [100, 100, 100])
    assert large.method == 'chi-squared' and large.df == 2
    table = [[90, 70, 50], [10, 30, 50]]
    expected = stats.chi2_contingency(table)
    assert large.statistic == pytest.approx(expected.statistic)
    assert large.p_value == pytest.approx(expected.pvalue)
    small = classes_differ([5, 5, 5, 0], [5, 5, 5, 5])
    assert small.method == 'permutation' and small.p_value < 0.01
    assert classes_differ([5, 5], [5, 5]).p_value == 1
    assert np.isnan(classes_differ([5, 0], [5, 0]).p_value)


def test_mcnemar_is_the_binomial_test_of_the_images_that_differ():
    p = mcnemar_test([3, 0, 7], [12, 0, 7])
    assert p[0] == pytest.approx(stats.binomtest(3, 15).pvalue)
    assert p[1] == p[2] == 1


def test_unpaired_accuracies_have_the_p_value_of_fisher():
    p = two_accuracies_test([90, 5, 0], [100, 10, 0], [70, 5, 3], [100, 10, 4])
    one_sided = stats.fisher_exact([[90, 10], [70, 30]], 'greater').pvalue
    assert p[0] == pytest.approx(2 * one_sided)
    assert p[1] == 1 and np.isnan(p[2])


@pytest.mark.parametrize('classes, images', [(10, 300), (300, 50), (30, 3),
                                             (20, 20000)])
def test_below_the_rest_is_the_hypergeometric_distribution(classes, images):
    rng = np.random.default_rng(classes)
    count = rng.integers(1, images, classes)
    correct = rng.binomial(count, 0.9)
    expected = stats.hypergeom.cdf(correct, count.sum(), correct.sum(), count)
    np.testing.assert_allclose(
        below_the_rest(correct, count), expected, rtol=1e-7)
