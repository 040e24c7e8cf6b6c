# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Reductions, normalized features and the gradient of heights alone."""
import math

import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.geometry.curvature import GRADIENTS
from mmcurv.geometry.reduction import REDUCTIONS
from tests.reference.pooled_curvature_loop import PooledLoop
from .pooled_runs import COUNTS, EXACT_REFRESHES, Drift, filled, owners, pooled
from .test_pooled_gradient import WEIGHTS, gradient, pool_and_loop, slopes

STEP = 1e-7  # the log of a nearly flat point bends within 1e-6
VARIANTS = [
    dict(reduction='geometric'),
    dict(reduction='median'),
    dict(normalize=True),
    dict(gradient='heights'),
    dict(reduction='geometric', normalize=True, gradient='heights')
]


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('variant', VARIANTS)
def test_steps_equal_slow_loop(variant, refresh):
    labels = owners()
    drift = Drift(len(labels))
    options = dict(k=6, tangent_dim=2, ridge=1e-4, refresh=refresh, **variant)
    curvature = pooled(**options)
    loop = PooledLoop(labels.tolist(), len(COUNTS), **options)
    everything = torch.arange(len(labels))
    curvature.push(drift.features, labels, everything)
    loop.store(everything.tolist(), drift.features.clone().numpy())
    for _ in range(4):
        images, features = drift.batch(7)
        log_g = curvature(features, labels[images], images)
        expected = loop.step(images.tolist(), features.numpy())
        assert np.isfinite(expected).sum() == 3
        np.testing.assert_allclose(log_g, expected, rtol=0, atol=1e-7)
        curvature.push(features, labels[images], images)
        np.testing.assert_allclose(
            curvature.class_values(), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('variant', VARIANTS)
def test_gradient_equals_differences_of_slow_loop(variant, refresh):
    curvature, loop, labels, images, features = pool_and_loop(
        refresh, 'pool', **variant)
    frames = {}

    def weighted(moved):
        values = loop.values(images.tolist(), moved, frames)
        return WEIGHTS @ loop.class_logs(values)[:3]

    weighted(features.numpy())  # fixes the frames where the features are
    expected = slopes(weighted, features.numpy(), STEP)
    actual = gradient(curvature, features, labels, images)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(expected).max() > 0.01


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_geometric_batch_gradient_is_that_of_the_mean_log_of_live_points(
        refresh):
    curvature, loop, labels, images, features = pool_and_loop(
        refresh, 'batch', reduction='geometric')
    frames = {}

    def weighted(moved):
        values = loop.values(images.tolist(), moved, frames)
        total = 0.
        for c, weight in enumerate(WEIGHTS):
            own = [values[i] for i in images.tolist() if labels[i] == c]
            total += weight * sum(own) / len(own)
        return total

    expected = slopes(weighted, features.numpy(), STEP)
    actual = gradient(curvature, features, labels, images)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    log_g = curvature(features, labels[images], images)
    values = loop.values(images.tolist(), features.numpy())
    np.testing.assert_allclose(log_g, loop.class_logs(values), atol=1e-7)


@pytest.mark.parametrize('variant', [
    dict(reduction='geometric'),
    dict(reduction='geometric', normalize=True),
    dict(normalize=True),
    dict(gradient='heights')
])
def test_both_gradients_agree_where_the_whole_class_is_live(variant):
    labels = owners()
    drift = Drift(len(labels))
    images = (labels < 2).nonzero()[:, 0]
    results = []
    for live in ('pool', 'batch'):
        curvature = filled(drift.features + 0.1, labels, live=live, **variant)
        results.append(
            gradient(curvature, drift.features[images], labels, images,
                     WEIGHTS[:2]))
    torch.testing.assert_close(*results)
    assert results[0].abs().max() > 0.01


@pytest.mark.parametrize('reduction', REDUCTIONS)
def test_refreshing_all_equals_class_curvature_of_unit_vectors(reduction):
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(
        drift.features + 0.1,
        labels,
        refresh='all',
        reduction=reduction,
        normalize=True)
    images = torch.arange(len(labels))
    log_g = curvature(drift.features, labels, images)
    unit = torch.nn.functional.normalize(drift.features)
    expected = class_curvature(
        unit, labels, len(COUNTS), k=6, reduction=reduction).log_value
    torch.testing.assert_close(
        log_g, expected, rtol=0, atol=1e-9, equal_nan=True)


def test_point_pulls_by_its_share_of_the_mean_and_alike_in_the_geometric():
    labels = torch.zeros(9).long()
    features = Drift(9).features
    image = torch.tensor([4])
    pulls, values = [], []
    for reduction in ('mean', 'geometric'):
        curvature = filled(features, labels, reduction=reduction)
        pulls.append(gradient(curvature, features[image], labels, image, [1.]))
        values.append(curvature(features[image], labels[image], image))
    share = (curvature.log_curvature[4] - values[0][0]).exp()
    torch.testing.assert_close(pulls[0], share * pulls[1])


def test_length_of_normalized_features_changes_neither_value_nor_direction():
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(12)
    results = []
    for scale in (1., 1e-3, 1e3):
        curvature = filled(scale * drift.features, labels, normalize=True)
        own = scale * features
        slope = gradient(curvature, own, labels, images)
        # Nothing pulls along the feature itself.
        assert (slope * own).sum(1).abs().max() < 1e-12
        results.append((curvature(own, labels[images],
                                  images)[:3], slope * scale))
        assert torch.equal(curvature.pool.features[curvature.pool.slot],
                           scale * drift.features)
    for log_g, slope in results[1:]:
        torch.testing.assert_close(log_g, results[0][0])
        torch.testing.assert_close(slope, results[0][1])


def test_zero_features_stay_zero_and_have_no_gradient():
    labels = torch.zeros(12).long()
    features = Drift(12).features
    features[3] = 0
    # All are neighbours: 0 is equally far from all unit vectors.
    curvature = filled(
        features + 0.1, labels, normalize=True, refresh='all', k=11)
    images = torch.arange(12)
    slope = gradient(curvature, features, labels, images, [1.])
    assert slope.isfinite().all() and (slope[3] == 0).all()
    assert (slope[:3] != 0).any(1).all()
    expected = class_curvature(
        torch.nn.functional.normalize(features), labels, 1, k=11).log_value
    log_g = curvature(features, labels, images)[:1]
    torch.testing.assert_close(log_g, expected)


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('reason', [math.nan, math.inf])
def test_rows_that_are_dropped_get_no_gradient_and_poison_no_other(
        reason, variant):
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(9)
    number = (labels == 0).nonzero()[:1, 0]
    bad = torch.full((1, 5), reason, dtype=torch.float64)
    results = []
    for own, numbers in [(features, images),
                         (torch.cat([bad,
                                     features]), torch.cat([number, images]))]:
        curvature = filled(drift.features + 0.1, labels, **variant)
        results.append(gradient(curvature, own, labels, numbers))
    assert (results[1][0] == 0).all()
    torch.testing.assert_close(results[1][1:], results[0])


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_gradient_of_heights_is_not_that_of_both_but_the_value_is(refresh):
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(9)
    slope, log_g = {}, {}
    for name in GRADIENTS:
        curvature = filled(
            drift.features + 0.1, labels, refresh=refresh, gradient=name)
        slope[name] = gradient(curvature, features, labels, images)
        log_g[name] = curvature(features, labels[images], images)[:3]
    assert torch.equal(log_g['both'], log_g['heights'])
    assert (slope['both'] - slope['heights']).abs().max() > 0.01


@pytest.mark.parametrize('options, message', [
    (dict(reduction='sum'), "'mean', 'geometric', 'median'.*'sum'"),
    (dict(normalize='l2'), r"normalize.*\(False, True\), got 'l2'"),
    (dict(gradient='tangents'), "'both', 'heights'.*'tangents'"),
    (dict(reduction='median', live='batch'),
     "'mean', 'geometric'.*got 'median'.*Take live='pool'"),
])
def test_wrong_options_fail_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        pooled(**options)
