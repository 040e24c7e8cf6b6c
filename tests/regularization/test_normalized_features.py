# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Pooled curvature of features over their norms."""
import math

import pytest
import torch

from mmcurv.geometry import class_curvature
from .pooled_runs import COUNTS, Drift, filled, owners
from .test_pooled_gradient import gradient


def test_refreshing_all_equals_class_curvature_of_unit_vectors():
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(
        drift.features + 0.1, labels, refresh='all', normalize=True)
    images = torch.arange(len(labels))
    log_g = curvature(drift.features, labels, images)
    unit = torch.nn.functional.normalize(drift.features)
    expected = class_curvature(unit, labels, len(COUNTS), k=6).log_value
    torch.testing.assert_close(
        log_g, expected, rtol=0, atol=1e-9, equal_nan=True)


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


@pytest.mark.parametrize('reason', [math.nan, math.inf])
def test_rows_that_are_dropped_get_no_gradient_and_poison_no_other(reason):
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(9)
    number = (labels == 0).nonzero()[:1, 0]
    bad = torch.full((1, 5), reason, dtype=torch.float64)
    results = []
    for own, numbers in [(features, images),
                         (torch.cat([bad,
                                     features]), torch.cat([number, images]))]:
        curvature = filled(drift.features + 0.1, labels, normalize=True)
        results.append(gradient(curvature, own, labels, numbers))
    assert (results[1][0] == 0).all()
    torch.testing.assert_close(results[1][1:], results[0])
