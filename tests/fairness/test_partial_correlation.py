# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy import stats

from mmcurv.fairness import partial_correlation, pearson
from tests.reference import fairness_correlation as slow


def long_tail(classes=60, direct=0.0, seed=0):
    """Curvature and accuracy that both follow the log count."""
    rng = np.random.default_rng(seed)
    counts = np.geomspace(500, 5, classes).astype(int)
    x = -np.log(counts) + rng.normal(size=classes)
    y = np.log(counts) + rng.normal(size=classes) + direct * x
    return x, y, counts


def value_of(*arguments, **options):
    return partial_correlation(
        *arguments, permutations=0, resamples=0, **options).value


@pytest.mark.parametrize('seed', range(5))
def test_value_is_the_correlation_of_the_residuals(seed):
    x, y, counts = long_tail(20, seed=seed)
    assert value_of(x, y, counts) == pytest.approx(slow.partial(x, y, counts))


def test_spearman_is_the_same_with_ranks():
    x, y, counts = long_tail(20)
    rank_of_exp = np.exp(stats.rankdata(counts))
    assert value_of(
        x, y, counts, kind='spearman') == pytest.approx(
            slow.partial(slow.ranks(x), slow.ranks(y), rank_of_exp.tolist()))


@pytest.mark.parametrize('kind', ['pearson', 'spearman'])
def test_what_the_counts_explain_is_taken_out(kind):
    x, y, counts = long_tail()
    assert pearson(x, y, 0, 0).value < -0.5
    result = partial_correlation(x, y, counts, kind)
    assert result.p_value > 0.05
    assert result.low < 0 < result.high


@pytest.mark.parametrize('kind', ['pearson', 'spearman'])
def test_what_the_counts_do_not_explain_remains(kind):
    result = partial_correlation(*long_tail(direct=-2.0), kind)
    assert result.value < -0.8
    assert result.p_value == 2 / 10_000
    assert result.high < -0.6
    assert result.kind == f'partial {kind}'


def test_p_value_is_close_to_that_of_the_t_distribution():
    x, y, counts = long_tail(200, direct=-0.1)
    result = partial_correlation(x, y, counts, resamples=0)
    freedom = 200 - 3
    t = abs(result.value) * np.sqrt(freedom / (1 - result.value**2))
    expected = 2 * stats.t.sf(t, freedom)
    assert 0.01 < expected < 0.99
    assert result.p_value == pytest.approx(expected, abs=0.02)


def test_order_of_classes_does_not_matter():
    x, y, counts = long_tail()
    order = np.random.default_rng(1).permutation(x.size)
    assert value_of(x[order], y[order],
                    counts[order]) == pytest.approx(value_of(x, y, counts))


def test_classes_without_images_or_values_are_left_out_and_counted():
    x, y, counts = long_tail(12)
    result = partial_correlation(
        np.append(x, [3.0, np.nan, 1.0]), np.append(y, [1.0, 1.0, 2.0]),
        np.append(counts, [0, 7, 0]))
    assert result == partial_correlation(x, y, counts)
    assert result.entered == 12


@pytest.mark.parametrize('arguments, error, words', [
    (([1, 2, 3], [3, 1, 2], [9, 8, 7]), ValueError,
     'at least 4 classes .*x and y and train_counts.*got 3 of 3'),
    (([1, 2, 3, 5], [3, 1, 2, 2], [9, 9, 9, 9]), ValueError,
     'train_counts: expected values that differ'),
    (([1, 2, 3, 5], [3, 1, 2, 2], [9., 8., 7., 6.]), TypeError,
     'train_counts: expected integers'),
    (([1, 2, 3, 4], [3, 1, 2, 2], [2, 4, 8, 16]), ValueError,
     'exact function of it over the 4 classes'),
    (([1, 2, 3, 5], [3, 1, 2, 2], [9, 8, 7, 6], 'kendall'), ValueError,
     "kind: .*'kendall'"),
])
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        partial_correlation(*arguments)
