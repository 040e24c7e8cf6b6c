# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats

from mmcurv.audit.accuracy import correlation_table, quick_correlation, verdict
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
    assert found['spearman_low'] < found['spearman'] < found['spearman_high']
    assert found['p_floor'] == 2 / 10000
    assert 0 < found['pearson_p'] < 0.05
    assert found['entered'] == 30 and found['why'] is None
    assert np.isnan(found['partial_pearson'])


def test_partial_correlations_are_given_log_count_and_separation():
    values, accuracy, counts = data()
    separation = accuracy + np.random.default_rng(1).normal(0, .3, 30)
    table = correlation_table(
        dict(volume=values, separation=separation, train_count=counts),
        accuracy)
    found = table['volume']
    assert found['given'] == ['train_count', 'separation']
    ranks = stats.rankdata([values, accuracy, counts, separation], axis=1)
    # Of the inverse correlation matrix, as textbooks have it.
    inverse = np.linalg.inv(np.corrcoef(ranks))
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    assert found['partial_spearman'] == pytest.approx(expected)
    t = expected * np.sqrt(26 / (1 - expected**2))
    assert found['partial_p'] == pytest.approx(2 * stats.t.sf(abs(t), 26))
    assert table['separation']['given'] == ['train_count']
    assert table['train_count']['given'] == ['separation']
    known = partial_correlation(separation, accuracy, counts)
    assert table['separation']['partial_pearson'] == pytest.approx(known.value)


def test_holm_is_over_the_measures_that_contend():
    values, accuracy, counts = data()
    noise = np.random.default_rng(1).normal(size=30)
    table = correlation_table(
        dict(
            curvature=np.exp(noise),
            log_curvature=noise,
            volume=values,
            radius=np.ones(30),
            train_count=counts), accuracy)
    p = {name: table[name]['spearman_p'] for name in table}
    assert p['curvature'] == p['log_curvature']
    assert table['volume']['holm_p'] == pytest.approx(3 * p['volume'])
    assert np.isnan(table['log_curvature']['holm_p'])
    assert np.isnan(table['radius']['holm_p'])
    found = verdict(table, True, True, 30, 31)
    assert found['answer'] == 'clear' and found['best'] == 'volume'
    assert found['contenders'] == ['curvature', 'volume', 'train_count']
    assert found['beaten_by'] == ['volume']


def test_classes_without_a_finite_value_do_not_enter():
    values, accuracy, _ = data()
    values[:3] = np.nan, np.inf, -np.inf
    accuracy[3] = np.nan
    found = correlation_table(dict(curvature=values), accuracy)['curvature']
    assert found['entered'] == 26
    assert found['pearson'] == pytest.approx(
        pearson(values[4:], accuracy[4:], 0, 0).value)


@pytest.mark.parametrize('values, why', [
    (np.ones(30), 'is the same for all 30 classes'),
    (np.full(30, np.nan), '0 of 30 classes have both'),
])
def test_missing_correlation_says_why(values, why):
    _, accuracy, _ = data()
    found = correlation_table(dict(radius=values), accuracy)['radius']
    assert np.isnan(found['pearson']) and why in found['why']


def test_partial_correlation_without_anything_given_is_nan():
    values, accuracy, _ = data()
    found = correlation_table(
        dict(radius=values, train_count=np.full(30, 100)), accuracy)['radius']
    assert np.isfinite(found['pearson']) and found['given'] == []
    assert np.isnan(found['partial_pearson'])


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
