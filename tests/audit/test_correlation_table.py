# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats

from mmcurv.audit.accuracy import correlation_table, quick_correlation
from mmcurv.fairness import partial_correlation, pearson, spearman


def data(size=30, seed=0):
    rng = np.random.default_rng(seed)
    accuracy = rng.uniform(size=size)
    counts = rng.integers(5, 500, size)
    return accuracy + rng.normal(0, .3, size), accuracy, counts


def test_coefficients_are_those_of_scipy():
    values, accuracy, _ = data()
    found = correlation_table(dict(volume=values), accuracy)['volume']
    assert found['pearson'] == pytest.approx(
        stats.pearsonr(values, accuracy).statistic)
    assert found['spearman'] == pytest.approx(
        stats.spearmanr(values, accuracy).statistic)
    assert found['pearson_low'] < found['pearson'] < found['pearson_high']
    assert 0 < found['pearson_p'] < 0.05
    assert found['entered'] == 30 and found['why'] is None
    assert np.isnan(found['partial_pearson'])


def test_partial_correlations_are_given_log_count():
    values, accuracy, counts = data()
    table = correlation_table(
        dict(volume=values, train_count=counts), accuracy, counts)
    expected = partial_correlation(values, accuracy, counts)
    assert table['volume']['partial_pearson'] == expected.value
    assert table['volume']['partial_p'] == expected.p_value
    ranked = partial_correlation(values, accuracy, counts, kind='spearman')
    assert table['volume']['partial_spearman'] == ranked.value
    assert np.isnan(table['train_count']['partial_pearson'])


def test_classes_without_a_finite_value_do_not_enter():
    values, accuracy, _ = data()
    values[:3] = np.nan, np.inf, -np.inf
    accuracy[3] = np.nan
    found = correlation_table(dict(curvature=values), accuracy)['curvature']
    assert found['entered'] == 26
    assert found['pearson'] == pytest.approx(
        pearson(values[4:], accuracy[4:], 0, 0).value)


@pytest.mark.parametrize('values, why', [
    (np.ones(30), 'values that differ'),
    (np.full(30, np.nan), 'at least 3 classes'),
])
def test_missing_correlation_says_why(values, why):
    _, accuracy, _ = data()
    found = correlation_table(dict(radius=values), accuracy)['radius']
    assert np.isnan(found['pearson']) and why in found['why']


def test_missing_partial_correlation_leaves_the_plain_one():
    values, accuracy, _ = data()
    found = correlation_table(dict(radius=values), accuracy,
                              np.full(30, 100))['radius']
    assert np.isfinite(found['pearson'])
    assert np.isnan(found['partial_pearson'])
    assert found['why'].startswith('partial correlation: train_counts')


def test_thousands_of_classes_get_fewer_permutations():
    values, accuracy, _ = data(8142)
    found = correlation_table(dict(radius=values), accuracy)['radius']
    assert 499 <= found['permutations'] < 9999
    assert found['pearson_p'] < 0.01


def test_quick_correlation_is_the_coefficient_or_nan():
    values, accuracy, _ = data()
    assert quick_correlation(spearman, values, accuracy) == pytest.approx(
        stats.spearmanr(values, accuracy).statistic)
    assert np.isnan(quick_correlation(pearson, np.ones(30), accuracy))
