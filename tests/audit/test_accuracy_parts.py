# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from mmcurv.audit.accuracy import (OF_SPREAD, accuracy_summary, calibration,
                                   class_scores, confused_pairs, confusions,
                                   hardest_images, off_trend, precision_and_f1,
                                   top_of_each_class)
from mmcurv.audit.feature_bank import FeatureBank
from mmcurv.audit.options import AuditOptions
from mmcurv.fairness import (accuracy_variance, gini, max_min_bias,
                             worst_fraction)
from tests.audit.sphere_bank import sphere_bank


def test_accuracies_are_those_of_the_predictions_with_their_interval():
    scores = class_scores(sphere_bank())
    np.testing.assert_allclose(scores.accuracy, [1, .9, .8, .7, .6, .5])
    assert (scores.low < scores.accuracy).all()
    assert (scores.accuracy <= scores.high).all()
    assert scores.source == 'predictions'
    assert scores.overall == pytest.approx(scores.correct.sum() / 430)


def test_given_accuracies_are_used_where_there_are_no_predictions():
    given = np.array([.1, .2, np.nan, .4, .5, .6])
    scores = class_scores(sphere_bank(predictions=None, class_accuracy=given))
    np.testing.assert_array_equal(scores.accuracy, given)
    assert scores.count is None and scores.source == 'class_accuracy'
    assert np.isnan(scores.low).all() and math.isnan(scores.overall)


def test_disagreement_of_the_two_sources_is_measured():
    given = np.array([1, .9, .8, .5, np.nan, .5])
    scores = class_scores(sphere_bank(class_accuracy=given))
    assert scores.disagreement == pytest.approx(0.2)


def test_empty_test_set_is_refused():
    with pytest.raises(ValueError, match='empty test set'):
        class_scores(
            sphere_bank(
                features=np.zeros((0, 5)),
                labels=np.zeros(0, int),
                predictions=np.zeros(0, int)))


def summary_of(bank, train_counts=None):
    return accuracy_summary(
        class_scores(bank), train_counts, bank, AuditOptions(), None)


def test_summary_has_an_interval_over_images_where_one_holds():
    bank = sphere_bank()
    summary = summary_of(bank, bank.train_counts)
    assert summary['class_mean']['value'] == pytest.approx(0.75)
    assert summary['worst_class']['class'] == 5
    assert summary['worst_class']['name'] == 'class 5'
    assert summary['head']['classes'] == summary['head']['entered'] == 3
    assert summary['head']['value'] == pytest.approx(0.9)
    assert summary['tail']['value'] == pytest.approx(0.5)
    for name in ('overall', 'class_mean', 'head', 'middle', 'tail'):
        entry = summary[name]
        assert entry['low'] < entry['value'] < entry['high'], name
        assert entry['interval'] == 'images'
    for name in ('variance', 'gini', 'bias', 'worst_class', 'worst_10pct'):
        entry = summary[name]
        assert math.isnan(entry['low']) and entry['interval'] is None, name
    spread = summary['class_mean']['spread']
    assert spread['q10'] < 0.75 < spread['q90']
    assert summary['variance']['value'] == pytest.approx(spread['sd']**2)


def test_numbers_of_spread_agree_with_the_public_ones():
    accuracy = np.random.default_rng(0).uniform(size=37)
    for name, public in dict(
            variance=accuracy_variance, gini=gini, bias=max_min_bias).items():
        assert OF_SPREAD[name](accuracy) == pytest.approx(
            public(accuracy).value), name
    assert OF_SPREAD['worst_10pct'](accuracy) == pytest.approx(
        worst_fraction(accuracy).accuracy)


def test_noise_of_few_images_is_told_from_spread():
    """100 classes of 10 images that are all right 7 times of 10."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 10)
    wrong = (rng.random(1000) > 0.7) * rng.integers(1, 100, 1000)
    bank = FeatureBank(None, labels, list(map(str, range(100))),
                       (labels + wrong) % 100)
    summary = summary_of(bank)
    assert summary['variance']['value'] == pytest.approx(0.021, rel=0.3)
    assert summary['variance']['corrected'] < 0.005
    for name in ('variance', 'gini', 'worst_10pct'):
        assert summary[name]['noise'] == pytest.approx(
            summary[name]['value'], rel=0.25), name
    assert summary['gini']['corrected'] < summary['gini']['value'] / 2
    assert math.isnan(summary['worst_class']['corrected'])
    assert summary['worst_class']['value'] <= 0.4


def test_summary_without_accuracies_is_nan_and_counts_nobody():
    for entry in summary_of(sphere_bank(predictions=None)).values():
        assert math.isnan(entry['value']) and entry['entered'] == 0


def test_precision_and_f1_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(6, size=(2, 300))
    found = precision_and_f1(labels, predictions, 6)
    expected = precision_recall_fscore_support(labels, predictions)
    np.testing.assert_allclose(found['precision'], expected[0])
    np.testing.assert_allclose(found['f1'], expected[2])
    none = precision_and_f1(np.zeros(3, int), np.ones(3, int), 3)
    assert np.isnan(none['precision'][[0, 2]]).all()
    assert none['f1'][0] == 0 and np.isnan(none['f1'][2])


def test_confused_pairs_count_both_ways():
    labels, predictions = np.array([[0, 0, 1, 1, 2, 2], [1, 0, 0, 0, 1, 2]])
    found = confused_pairs(
        confusions(labels, predictions, 3), np.bincount(labels))
    assert [(p['a'], p['b'], p['a_as_b'], p['b_as_a'], p['count'], p['share'])
            for p in found] == [(0, 1, 1, 2, 3, 0.75), (1, 2, 0, 1, 1, 0.25)]


def test_confusions_are_counted_as_a_table_would():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(7, size=(2, 400))
    found = confusions(labels, predictions, 7)
    table = np.zeros((7, 7), int)
    np.add.at(table, (labels, predictions), 1)
    np.fill_diagonal(table, 0)
    assert {
        (f.true, f.predicted): f.count
        for f in found
    } == {
        (i, j): table[i, j]
        for i, j in np.argwhere(table)
    }
    assert [f.count for f in found] == sorted((f.count for f in found),
                                              reverse=True)
    top = top_of_each_class(found)
    assert all(top[c].count == table[c].max() for c in range(7))
    assert all(top[c].share == top[c].count / (labels == c).sum() for c in top)


def test_perfect_predictions_confuse_nothing():
    assert confusions(np.arange(5), np.arange(5), 5) == []


def calibrated(labels, predictions, confidence, groups=None):
    names = list(map(str, range(3)))
    bank = FeatureBank(None, labels, names, predictions, confidence)
    return calibration(bank, groups)


def test_model_that_is_as_sure_as_right_has_no_calibration_error():
    labels = np.zeros(100, int)
    predictions = np.repeat([0, 1], [70, 30])
    found = calibrated(labels, predictions, np.full(100, 0.7))
    assert found['all']['ece'] == pytest.approx(0, abs=1e-12)
    assert found['all']['entered'] == 100


def test_sure_model_that_is_always_wrong_has_error_one():
    found = calibrated(
        np.zeros(10, int), np.ones(10, int), np.ones(10),
        np.array(['head', 'tail']))
    assert found['all']['ece'] == found['head']['ece'] == 1
    assert 'tail' not in found
    assert found['all']['bins'][-1]['count'] == 10


def test_calibration_error_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(3, size=(2, 500))
    confidence = rng.choice(np.linspace(0, 1, 31), 500)
    confidence[:20] = np.nan
    found = calibrated(labels, predictions, confidence)['all']
    error = 0
    for b in range(15):
        low, high = b / 15, (b + 1) / 15
        members = [
            i for i in range(500) if low < confidence[i] <= high +
            1e-12 or b == 0 and confidence[i] == 0
        ]
        if members:
            right = np.mean(labels[members] == predictions[members])
            error += len(members) / 480 * abs(right -
                                              confidence[members].mean())
    assert found['entered'] == 480
    assert found['ece'] == pytest.approx(error)


def test_hardest_images_are_the_surest_mistakes_of_the_worst_classes():
    bank = sphere_bank()
    images = hardest_images(bank, class_scores(bank).accuracy)
    assert [image['class'] for image in images[:6]] == [5] * 6
    of_worst = images[:6]
    scores = [image['score'] for image in of_worst]
    wrong = (bank.labels == 5) & (bank.predictions != 5)
    assert scores == sorted(bank.confidence[wrong], reverse=True)[:6]
    first = of_worst[0]
    i = bank.paths.index(first['path'])
    assert bank.labels[i] == first['true'] == 5
    assert bank.predictions[i] == first['predicted'] == 4
    assert 0 not in {image['class'] for image in images}  # no mistake there


def test_no_image_is_hardest_where_paths_or_predictions_are_unknown():
    for change in (dict(paths=None), dict(predictions=None)):
        assert hardest_images(sphere_bank(**change), np.ones(6)) == []


def test_off_trend_is_the_residual_of_a_fitted_line():
    rng = np.random.default_rng(0)
    x, y = 1e-30 * rng.normal(size=12), rng.uniform(size=12)
    x[3], x[5] = np.nan, np.inf
    known = np.isfinite(x)
    fit = np.polynomial.Polynomial.fit(x[known], y[known], 1)
    residual = y[known] - fit(x[known])
    expected = residual / np.sqrt((residual**2).sum() / (known.sum() - 2))
    z = off_trend(x, y)
    np.testing.assert_allclose(z[known], expected, rtol=1e-8)
    assert np.isnan(z[~known]).all()


@pytest.mark.parametrize('x',
                         [[1., 1, 1, 1], [1, 2, 3, np.nan], [0., 1, 2, 3]])
def test_off_trend_is_nan_where_no_line_or_no_residual_is(x):
    assert np.isnan(off_trend(np.array(x), np.arange(4.) / 4)).all()
