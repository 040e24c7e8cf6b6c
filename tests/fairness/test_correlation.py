# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mmcurv.fairness import pearson, spearman
from mmcurv.fairness.correlation import ranks
from tests.reference import fairness_correlation as slow

KINDS = [pearson, spearman]
PAIRS = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    min_size=3,
    max_size=30).filter(
        lambda pairs: all(len(set(v)) > 1 for v in zip(*pairs)))


def value_of(correlation, x, y):
    return correlation(x, y, permutations=0, resamples=0).value


def sample(classes=40, slope=-0.5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=classes)
    return x, slope * x + rng.normal(size=classes)


@given(PAIRS)
def test_values_equal_the_plain_loops(pairs):
    x, y = zip(*pairs)
    assert value_of(pearson, x, y) == pytest.approx(
        slow.pearson(x, y), abs=1e-9)
    assert value_of(spearman, x, y) == pytest.approx(
        slow.spearman(x, y), abs=1e-9)


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_of_classes_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    for correlation in KINDS:
        assert value_of(correlation, *zip(*pairs)) == pytest.approx(
            value_of(correlation, *zip(*shuffled)), abs=1e-9)


def test_values_are_those_of_scipy():
    x, y = sample()
    assert value_of(pearson, x,
                    y) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert value_of(spearman, x,
                    y) == pytest.approx(stats.spearmanr(x, y).statistic)


@pytest.mark.parametrize('correlation', KINDS)
def test_scale_and_origin_change_nothing(correlation):
    x, y = sample()
    expected = correlation(x, y, permutations=99, resamples=99)
    moved = correlation(
        3 - 1e-3 * x, 5 + 1e3 * y, permutations=99, resamples=99)
    assert moved.value == pytest.approx(-expected.value)
    assert moved.low == pytest.approx(-expected.high)


@pytest.mark.parametrize('scale', [1e-300, 1e-30, 1e30, 1e300])
def test_curvatures_of_any_magnitude_neither_overflow_nor_vanish(scale):
    x, y = sample()
    assert value_of(pearson, scale * x,
                    y) == pytest.approx(value_of(pearson, x, y))


def test_spearman_sees_order_alone():
    x, y = sample()
    assert value_of(spearman, np.exp(5 * x), y) == value_of(spearman, x, y)


@pytest.mark.parametrize('classes', [3, 4, 5, 6])
def test_p_value_of_few_classes_counts_all_pairings(classes):
    x, y = sample(classes)
    result = pearson(x, y, resamples=0)
    assert result.p_value == pytest.approx(slow.exact_p_value(x, y))
    assert result.permutations == math.factorial(classes)
    ranked = spearman(x, y, resamples=0)
    assert ranked.p_value == pytest.approx(
        slow.exact_p_value(slow.ranks(x), slow.ranks(y)))


@pytest.mark.parametrize('correlation, kind', [(pearson, 'pearsonr'),
                                               (spearman, 'spearmanr')])
def test_p_value_is_close_to_that_of_the_t_distribution(correlation, kind):
    x, y = sample(200, slope=-0.1, seed=1)
    result = correlation(x, y, resamples=0)
    expected = getattr(stats, kind)(x, y).pvalue
    assert 0.01 < expected < 0.99
    assert result.p_value == pytest.approx(expected, abs=0.02)


def test_p_value_is_never_0():
    x = np.arange(50.)
    assert pearson(x, x, resamples=0).p_value == 2 / 10_000


def test_interval_is_close_to_the_bootstrap_of_scipy():
    x, y = sample(100)
    ours = pearson(x, y, permutations=0, resamples=9999)
    theirs = stats.bootstrap(
        (x, y),
        lambda a, b, axis: stats.pearsonr(a, b, axis=axis).statistic,
        paired=True,
        method='percentile',
        rng=1).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


@pytest.mark.parametrize('correlation', KINDS)
def test_intervals_hold_the_truth_about_as_often_as_they_say(correlation):
    held = 0
    for seed in range(100):
        x, y = sample(60, slope=0, seed=seed)
        result = correlation(x, y, permutations=0, resamples=199)
        held += result.low <= 0 <= result.high
    assert 85 <= held <= 100


def test_resamples_that_are_constant_are_counted_out():
    result = pearson([0, 0, 1], [3, 1, 2], permutations=0, resamples=2000)
    assert 1000 < result.resamples < 2000
    assert -1 <= result.low <= result.high <= 1


@pytest.mark.parametrize('correlation', KINDS)
def test_seed_decides_everything(correlation):
    x, y = sample()
    assert correlation(x, y, seed=3) == correlation(x, y, seed=3)
    assert correlation(x, y, seed=3) != correlation(x, y, seed=4)


def test_more_permutations_leave_the_interval_as_it_is():
    x, y = sample()
    few, many = pearson(x, y, permutations=10), pearson(x, y)
    assert (few.low, few.high) == (many.low, many.high)


def test_interval_does_not_depend_on_the_batches(monkeypatch):
    x, y = sample()
    expected = spearman(x, y)
    monkeypatch.setattr('mmcurv.fairness.intervals.BATCH_VALUES', 1000)
    assert spearman(x, y) == expected


@pytest.mark.parametrize('correlation', KINDS)
def test_nan_classes_are_left_out_in_pairs_and_counted(correlation):
    x, y = sample(10)
    absent_x = np.insert(x, 3, np.nan)
    absent_y = np.append(np.insert(y, 3, 7.), np.nan)
    result = correlation(np.append(absent_x, 1.), absent_y)
    assert result == correlation(x, y)
    assert result.entered == 10


def test_without_resampling_there_is_no_p_value_and_no_interval():
    result = pearson(*sample(), permutations=0, resamples=0)
    assert np.isnan([result.p_value, result.low, result.high]).all()
    assert (result.permutations, result.resamples) == (0, 0)


def test_tensors_give_what_arrays_give():
    x, y = sample()
    assert pearson(torch.tensor(x), torch.tensor(y)) == pearson(x, y)


def test_8142_classes_are_correlated_in_one_call():
    x, y = sample(8142)
    result = pearson(x, y, permutations=999, resamples=500)
    assert result.entered == 8142
    assert result.low < -0.5 / np.sqrt(1.25) < result.high


@pytest.mark.parametrize('correlation', KINDS)
@pytest.mark.parametrize('arguments, options, words', [
    (([1, 2, 3], [1, 2]), {}, 'x has 3, y has 2'),
    (([1, 2], [1, 2]), {}, 'at least 3 classes .*x and y.*got 2 of 2'),
    (([1, np.nan, 3, 4], [1, 2, np.nan, 1]), {}, 'got 2 of 4'),
    (([1, 1, 1], [1, 2, 3]), {}, 'x: expected values that differ, got 1 for'),
    (([1, 2, 3], [1, np.inf, 3]), {}, 'y: .*1 infinite of 3.*position 1'),
    (([1, 2, 3], [1, 2, 4]), dict(permutations=-1), 'permutations: .*-1'),
    (([1, 2, 3], [1, 2, 4]), dict(confidence=95), 'confidence: .*95'),
])
def test_bad_arguments_are_named(correlation, arguments, options, words):
    with pytest.raises(ValueError, match=words):
        correlation(*arguments, **options)


@pytest.mark.parametrize('shape', [(1, ), (9, ), (4, 30), (2, 0)])
def test_ranks_of_ties_are_their_mean_rank(shape):
    values = np.random.default_rng(0).integers(0, 6, shape).astype(float)
    np.testing.assert_array_equal(
        ranks(values), stats.rankdata(values, axis=-1))
