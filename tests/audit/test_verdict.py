# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Conclusions that hold: false alarms, true rank, sizes of classes."""
import numpy as np
import pytest
from scipy import stats

from mmcurv.audit import audit
from mmcurv.audit.accuracy import correlation_table, verdict

MEASURES = ('curvature', 'volume', 'separation', 'radius',
            'intrinsic_dimension', 'neighbor_purity', 'relative_spread',
            'train_count')


@pytest.mark.parametrize('classes', [10, 100])
def test_shuffled_accuracies_give_a_clear_measure_six_times_of_100_at_most(
        classes, monkeypatch):
    monkeypatch.setattr('mmcurv.audit.accuracy.PERMUTATIONS', 499)
    alarms, runs = 0, 400
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        hidden = rng.normal(size=classes)  # measures go with each other
        columns = {
            name: np.exp(hidden + rng.normal(size=classes))
            for name in MEASURES
        }
        accuracy = rng.permutation(rng.beta(4, 2, classes))
        table = correlation_table(columns, accuracy, seed)
        found = verdict(table, True, True, classes, classes)
        assert found['answer'] in ('clear', 'none_clear')
        alarms += found['answer'] == 'clear'
    # Three standard errors above 5 % are 8 %; it lies far below.
    assert alarms / runs <= 0.06


def test_measure_that_goes_with_accuracy_is_clear():
    rng = np.random.default_rng(0)
    accuracy = rng.beta(4, 2, 100)
    columns = {name: rng.normal(size=100) for name in MEASURES}
    columns['neighbor_purity'] = accuracy + rng.normal(0, 0.05, 100)
    columns['curvature'] = columns['neighbor_purity'] + rng.normal(0, .2, 100)
    columns['separation'] = columns['neighbor_purity']
    table = correlation_table(columns, accuracy)
    found = verdict(table, True, True, 100, 100)
    assert found['answer'] == 'clear'
    assert found['best'] in ('neighbor_purity', 'separation')
    assert 'curvature' in found['clear']
    assert found['curvature']['survives'] is False  # separation explains it
    assert found['beaten_by'] == ['separation', 'neighbor_purity']


def flat_cloud(classes=3, points=80, rank=6, p=64, seed=0):
    """Classes that fill ``rank`` of p dimensions, and no more."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), points)
    inner = rng.normal(size=(len(labels), rank)) * 2.**-np.arange(rank)
    inner += rng.normal(size=(classes, rank))[labels]
    basis = np.linalg.qr(rng.normal(size=(p, rank)))[0]
    return inner @ basis.T, labels


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_curvature_of_a_known_rank_does_not_depend_on_the_storage(dtype):
    features, labels = flat_cloud()
    exact, stored = ([
        row['log_curvature']
        for row in audit(labels, labels, features=one).record['classes']
    ] for one in (features, features.astype(dtype)))
    tolerance = 1e-3 if dtype == np.float32 else 0.1
    np.testing.assert_allclose(stored, exact, atol=tolerance)


def test_normal_that_rounding_chooses_is_warned_of():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 80)
    # Variances that fall through the floor of float16 without a gap.
    features = rng.normal(size=(240, 16)) * 0.6**np.arange(16)
    features += 5 * rng.normal(size=(3, 16))[labels]
    kinds = {
        dtype: {
            warning['kind']
            for warning in audit(
                labels, labels, features=features.astype(
                    dtype)).record['warnings']
        }
        for dtype in (np.float16, np.float64)
    }
    assert 'normal_undetermined' in kinds[np.float16]
    assert 'normal_undetermined' not in kinds[np.float64]


def test_volume_of_random_sizes_is_compared_at_one_size():
    """Classes of one shape and random sizes: none may look larger."""
    rng = np.random.default_rng(0)
    sizes = rng.permutation(np.linspace(45, 300, 20).astype(int))
    labels = np.repeat(np.arange(20), sizes)
    features = rng.normal(size=(len(labels), 100)).astype(np.float32)
    found = audit(labels, labels, features=features).record
    rows = found['classes']
    assert found['comparable']['how'] == 'equal sizes'
    size = found['comparable']['size']
    assert {row['points_measured']
            for row in rows if row['comparable']} == {size}
    assert found['provenance']['points_per_class'] == size
    whole = audit(labels, labels, features=features, class_size='all').record
    order = np.argsort(sizes)
    volume = np.array([row['volume'] for row in whole['classes']])[order]
    # What size alone does:
    assert stats.spearmanr(volume, np.sort(sizes)).statistic > 0.95
    fair = [row['volume'] for row in rows if row['comparable']]
    assert np.std(fair) < 0.2 * volume.std()


def test_explained_variance_tells_a_surface_from_noise():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 300)
    sphere = rng.normal(size=(900, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    low_rank = rng.normal(size=(900, 10)) @ rng.normal(size=(10, 64))
    for features, least, most in ((sphere, 0.95, 1), (low_rank, 0.2, 0.5),
                                  (rng.normal(size=(900, 30)), 0.1, 0.4)):
        rows = audit(labels, labels, features=features).record['classes']
        for row in rows:
            assert least < row['variance_explained'] < most


def test_features_far_from_the_origin_are_warned_of():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 60)
    features = rng.normal(size=(180, 8))
    for shift, warned in ((0, False), (1e8, True)):
        found = audit(labels, labels, features=features + shift).record
        kinds = {warning['kind'] for warning in found['warnings']}
        assert ('far_from_origin' in kinds) == warned
