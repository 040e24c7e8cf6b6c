# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Values of pooled curvature."""
import math

import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.regularization import FeaturePool, PooledCurvature
from mmcurv.regularization.pooled_curvature import LIVES
from tests.reference.pooled_curvature_loop import PooledLoop
from .pooled_runs import COUNTS, EXACT_REFRESHES, Drift, filled, owners, pooled

OPTIONS = [
    dict(),
    dict(tangent_dim=1, normal='next'),
    dict(normal='next', k=40),
    dict(fit='paper', max_memory=1),
    dict(ridge=0.1, tangent_dim=3, k=8)
]


def direct(features, labels, k=6, **options):
    return class_curvature(
        features, labels, len(COUNTS), k=k, **options).log_value


def close(actual, expected, atol=1e-9):
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=atol, equal_nan=True)


@pytest.mark.parametrize('options', OPTIONS)
@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('p', [5, 30])
def test_refreshing_all_equals_class_curvature_of_the_merged_features(
        p, live, options):
    labels = owners()
    drift = Drift(len(labels), p)
    curvature = filled(
        drift.features.clone(), labels, refresh='all', live=live, **options)
    for _ in range(3):
        images, features = drift.batch(10)
        log_g = curvature(features, labels[images], images)
        expected = direct(drift.features, labels, **options)
        assert expected.isfinite().sum() >= 3
        close(log_g, expected)
        curvature.push(features, labels[images], images)


@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('m, ridge, normalize', [(2, 1e-4, False),
                                                 (1, 0.1, False),
                                                 (2, 1e-4, True)])
def test_steps_equal_slow_loop_over_remembered_and_live_points(
        m, ridge, normalize, refresh, live):
    labels = owners()
    drift = Drift(len(labels))
    options = dict(
        k=6, tangent_dim=m, ridge=ridge, refresh=refresh, normalize=normalize)
    curvature = pooled(live=live, **options)
    loop = PooledLoop(labels.tolist(), len(COUNTS), **options)
    for start in range(0, 30, 10):  # the last images come later
        images = torch.arange(start, start + 10)
        features = drift.features[images].clone()
        curvature.push(features, labels[images], images)
        loop.store(images.tolist(), features.numpy())
    for step in range(6):
        images, features = drift.batch(5 if step else 0)
        log_g = curvature(features, labels[images], images)
        expected = loop.step(images.tolist(), features.numpy())
        np.testing.assert_allclose(log_g, expected, rtol=0, atol=1e-7)
        curvature.push(features, labels[images], images)
        np.testing.assert_allclose(
            curvature.class_values(), expected, rtol=0, atol=1e-7)
        if step == 3:  # a batch that is stored without being measured
            images, features = drift.batch(5)
            curvature.push(features, labels[images], images)
            loop.store(images.tolist(), features.numpy())


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_value_does_not_depend_on_what_live_features_weigh(refresh):
    labels = owners()
    drift = Drift(len(labels))
    one, other = (
        filled(drift.features.clone(), labels, refresh=refresh, live=live)
        for live in LIVES)
    images, features = drift.batch(9)
    close(
        one(features, labels[images], images),
        other(features, labels[images], images), 1e-12)


def test_first_step_measures_every_pooled_point_and_later_ones_the_batch():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    assert curvature.log_curvature.isnan().all() and not curvature.primed
    empty = torch.empty(0).long()
    nothing = torch.empty(0, 5).double(), empty, empty
    close(curvature(*nothing), direct(drift.features, labels))
    assert curvature.primed
    large = torch.tensor([14, 9, 12])
    assert curvature.log_curvature.isfinite().sum() == large.sum()
    # From now on what is remembered is believed.
    curvature.log_curvature[:] = 5.
    images = (labels == 0).nonzero()[:1, 0]
    log_g = curvature(drift.features[images], labels[images], images)
    close(log_g[[1, 2]], torch.tensor([5., 5.]).double())
    assert log_g[0] != 5


def test_point_of_the_batch_is_not_its_own_stale_twins_neighbour():
    labels = owners()
    drift = Drift(len(labels))
    images = torch.arange(0, len(labels), 3)
    live = drift.features[images]
    results = []
    for offset in (0., 1e-6, 1., 100.):  # of the stale features
        stored = drift.features.clone()
        stored[images] += offset
        curvature = filled(stored, labels)
        curvature.measure_all()
        curvature.log_curvature.fill_(0.)
        results.append(curvature(live, labels[images], images))
    for result in results[1:]:
        close(result, results[0], 1e-12)


def test_batch_is_measured_among_itself_where_the_pool_is_empty():
    labels = owners()
    drift = Drift(len(labels))
    images = torch.arange(len(labels))
    log_g = pooled()(drift.features, labels, images)
    close(log_g, direct(drift.features, labels))


def test_queue_pool_gives_class_curvature_of_what_it_would_hold():
    labels = torch.arange(40) % 2
    drift = Drift(60)
    curvature = pooled([12, 20], pool=dict(addressing='fifo'), refresh='all')
    curvature.push(drift.features[:40], labels)
    log_g = curvature(drift.features[40:50], labels[:10])
    first = drift.features[:40][labels == 0][13:]  # 7 of 12 stay
    second = drift.features[:40][labels == 1][5:]  # 15 of 20 stay
    merged = torch.cat([first, second, drift.features[40:50]])
    merged_labels = torch.cat(
        [torch.zeros(7).long(),
         torch.ones(15).long(), labels[:10]])
    expected = class_curvature(merged, merged_labels, 2, k=6).log_value
    close(log_g, expected)


def test_classes_too_small_or_absent_are_nan_and_harm_nobody():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(drift.features.clone(), labels)
    images, features = torch.arange(len(labels)), drift.features
    log_g = curvature(features, labels, images)
    # Too few for m = 2, absent, alone.
    assert log_g.isnan().tolist() == [False] * 3 + [True] * 3
    curvature = filled(drift.features.clone(), labels, tangent_dim=1)
    log_g = curvature(features, labels, images)
    assert log_g.isnan().tolist() == [False] * 3 + [False, True, True]


def test_curvatures_60_orders_of_magnitude_apart_are_measured_in_one_batch():
    labels = torch.arange(80) % 4
    features = Drift(80, dtype=torch.float32).features
    scale = torch.tensor([1e-15, 1., 1e15, 1e-7])[labels, None]
    expected = class_curvature(features * scale, labels, 4, k=6).log_value
    assert expected.max() - expected.min() > 60 * math.log(10)
    for refresh in EXACT_REFRESHES:
        pool = FeaturePool([20] * 4, 5)
        curvature = PooledCurvature(pool, k=6, refresh=refresh)
        curvature.push(features * scale, labels, torch.arange(80))
        some = torch.arange(0, 80, 3)
        log_g = curvature((features * scale)[some], labels[some], some)
        close(log_g, expected, 1e-3)


@pytest.mark.parametrize('options, message', [
    (dict(refresh='class'), "'batch', 'neighbors', 'all'.*'class'"),
    (dict(live='loop'), "'pool', 'batch'.*'loop'"),
    (dict(k=2), 'tangent_dim=2 has 3 unknowns'),
    (dict(normal='last'), "'last'"),
    (dict(fit='cubic'), "'cubic'"),
    (dict(ridge=-1), 'got -1'),
    (dict(ridge=math.nan), 'ridge must be >= 0 and finite, got nan'),
    (dict(ridge=math.inf), 'ridge must be >= 0 and finite, got inf'),
    (dict(k=math.nan), 'k must be >= 1 and a whole number, got nan'),
    (dict(k=math.inf), 'k must be >= 1 and a whole number, got inf'),
    (dict(k=6.), 'k must be >= 1 and a whole number, got 6.0'),
    (dict(tangent_dim=math.nan), 'tangent_dim must be >= 1 .* got nan'),
    (dict(max_memory=math.nan), 'max_memory must be a whole number.* got nan'),
    (dict(max_memory=0), 'max_memory must be a whole number.* got 0'),
    (dict(normalize=math.nan), 'normalize must be one of.*got nan'),
    (dict(normalize='l2'), r"normalize.*\(False, True\), got 'l2'"),
])
def test_wrong_options_fail_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        pooled(**options)


def test_wrong_batches_are_refused_as_by_the_pool():
    curvature = pooled()
    with pytest.raises(ValueError, match=r'labels must lie in \[0, 6\)'):
        curvature(torch.zeros(1, 5), torch.tensor([6]), torch.tensor([0]))
    with pytest.raises(ValueError, match="needs the images' indices"):
        curvature(torch.zeros(1, 5), torch.tensor([0]))
    with pytest.raises(ValueError, match=r'\(B, 5\), got \(1, 4\)'):
        curvature(torch.zeros(1, 4), torch.tensor([0]), torch.tensor([0]))
