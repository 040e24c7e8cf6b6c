# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each 95 % interval holds the truth 92 to 98 times of 100."""
import numpy as np
import pytest

from mmcurv.fairness import (difference_interval, gini, mean_interval,
                             noise_alone, paired_interval,
                             paired_mean_interval, spearman_interval,
                             true_variance, wilson_interval, without_noise)

LONG_TAIL = np.maximum(2, (200 * 0.02**(np.arange(30) / 29)).astype(int))
SETS = [(np.full(10, 10), (8, 2)), (np.full(10, 50), (50, .5)),
        (np.full(100, 10), (4, 2)), (np.full(3, 30), (8, 2)),
        (LONG_TAIL, (4, 2))]


def share_inside(covers, runs):
    share = np.mean([covers(seed) for seed in range(runs)])
    error = np.sqrt(0.95 * 0.05 / runs)
    assert 0.92 - 2 * error <= share <= 0.98 + 2 * error, share
    return share


@pytest.mark.parametrize('count, beta', SETS)
@pytest.mark.parametrize('weighted', [False, True])
def test_means_over_classes_lie_in_their_interval_over_images(
        count, beta, weighted):

    def covers(seed):
        rng = np.random.default_rng(seed)
        truth = rng.beta(*beta, len(count))
        weights = count if weighted else np.ones(len(count))
        _, low, high = mean_interval(
            rng.binomial(count, truth), count, weights)
        return low <= np.average(truth, weights=weights) <= high

    share_inside(covers, 1500)


@pytest.mark.parametrize('count, beta', SETS)
def test_changes_on_the_same_images_lie_in_their_paired_interval(count, beta):

    def covers(seed):
        rng = np.random.default_rng(seed)
        first = 0.3 * rng.beta(2, 5, len(count))
        second = 0.3 * rng.beta(*beta, len(count))
        drawn = rng.multinomial(
            count, np.stack([first, second, 1 - first - second], 1))
        _, low, high = paired_mean_interval(drawn[:, 0], drawn[:, 1], count)
        return low <= (second - first).mean() <= high

    share_inside(covers, 1500)


def test_accuracy_of_a_class_lies_in_its_interval_on_average():
    rng = np.random.default_rng(0)
    truth, count = rng.beta(4, 2, 20000), np.full(20000, 40)
    found = wilson_interval(rng.binomial(count, truth), count)
    assert 0.93 < ((found.low <= truth) & (truth <= found.high)).mean() < 0.97


@pytest.mark.parametrize('images', [40, 100])
def test_change_of_a_class_lies_in_its_interval_on_average(images):
    rng = np.random.default_rng(0)
    count = np.full(20000, images)
    before, after = rng.beta(4, 2, (2, 20000))
    found = difference_interval(
        rng.binomial(count, before), count, rng.binomial(count, after), count)
    inside = (found.low <= after - before) & (after - before <= found.high)
    assert 0.92 < inside.mean() < 0.98
    lost, won = 0.3 * rng.beta(2, 4, (2, 20000))  # of the same images
    drawn = rng.multinomial(count, np.stack([lost, won, 1 - lost - won], 1))
    found = paired_interval(drawn[:, 0], drawn[:, 1], count)
    inside = (found.low <= won - lost) & (won - lost <= found.high)
    assert 0.92 < inside.mean() < 0.98


@pytest.mark.parametrize('classes', [5, 30])
def test_change_of_a_measure_lies_in_its_interval_over_classes(classes):
    from mmcurv.audit.compare import compare
    from tests.audit.example_audit import example_audit
    a, b = (example_audit(classes, seed=seed) for seed in (0, 1))

    def covers(seed):
        change = np.random.default_rng(seed).normal(0.3, 1, classes)
        for first, second, by in zip(a['classes'], b['classes'], change):
            first['volume'], second['volume'] = 20., 20 + by
        found = compare(a, b, permutations=1)['geometry']['volume']
        return found['low'] <= 0.3 <= found['high']

    share_inside(covers, 300)


@pytest.mark.parametrize('size', [10, 30, 100])
@pytest.mark.parametrize('rho', [0., 0.6])
def test_rank_correlation_lies_in_its_interval(size, rho):
    from scipy import stats
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of two normal variables

    def covers(seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=size)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=size)
        value = stats.spearmanr(np.exp(3 * x), y).statistic
        low, high = spearman_interval(value, size)
        return np.isnan(low) or low <= truth <= high

    share_inside(covers, 800)


def test_variance_without_noise_is_that_of_the_true_accuracies():
    raw, kept, true = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        accuracy = rng.beta(8, 3, 100)
        correct = rng.binomial(10, accuracy)
        both = true_variance(correct, np.full(100, 10))
        raw.append(both[0])
        kept.append(both[1])
        true.append(accuracy.var())
    assert np.mean(raw) > 1.8 * np.mean(true)
    assert np.mean(kept) == pytest.approx(np.mean(true), rel=0.05)


def test_gini_without_noise_is_nearer_to_the_truth():
    raw, kept, true = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        accuracy, count = rng.beta(8, 3, 100), np.full(100, 10)
        correct = rng.binomial(count, accuracy)
        for values, found in ((accuracy, true), (correct / count, raw),
                              (without_noise(correct, count), kept)):
            found.append(gini(values).value)
    assert np.mean(raw) > np.mean(true) + 0.03
    assert np.mean(kept) == pytest.approx(np.mean(true), abs=0.02)


def test_noise_alone_makes_a_variance_of_p_q_over_n():
    count = np.full(50, 20)
    found = noise_alone(
        np.full(50, 15), count, lambda accuracy: accuracy.var(-1), 2000)
    assert found == pytest.approx(0.75 * 0.25 / 20 * 49 / 50, rel=0.05)
