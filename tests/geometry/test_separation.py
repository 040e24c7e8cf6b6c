# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.geometry import pairwise_separation, separation_degree
from mmcurv.geometry.separation import _factor, _volume_without
from mmcurv.geometry.shapes import embed_isometrically, sphere_pair
from tests.reference.separation_loop import pairwise_loop, separation_loop

DISTANCES = [0.5, 1., 2., 3.]


def clouds(counts, p, seed=0, scale=1.):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat(
        [torch.full((count, ), c) for c, count in enumerate(counts)])
    centers = torch.randn(len(counts), p, generator=generator).double()
    noise = torch.randn(len(labels), p, generator=generator).double()
    widths = torch.linspace(0.5, 2, len(counts)).double()
    features = centers[labels] + noise * widths[labels, None]
    order = torch.randperm(len(labels), generator=generator)
    return scale * features[order], labels[order]


@pytest.mark.parametrize('center', [True, False])
@pytest.mark.parametrize(
    'counts, p',
    [
        ([40, 20, 30], 5),  # every class by subtraction
        ([9, 4, 9, 1], 30),  # every class by the lemma, fewer points than p
        ([60, 5, 11, 12, 13, 5], 12),  # both routes, and the border of n = p
    ])
def test_separation_equals_slow_loop(counts, p, center):
    features, labels = clouds(counts, p)
    degrees = separation_degree(features, labels, len(counts), center)
    expected = separation_loop(features, labels, len(counts), center)
    torch.testing.assert_close(
        degrees,
        torch.from_numpy(expected),
        rtol=1e-9,
        atol=1e-12,
        equal_nan=True)


@pytest.mark.parametrize('center', [True, False])
@pytest.mark.parametrize('counts, p', [([40, 20, 30], 5), ([9, 4, 9, 1], 30),
                                       ([60, 5, 11, 6, 7, 5], 12)])
def test_pairwise_separation_equals_slow_loop(counts, p, center):
    features, labels = clouds(counts, p)
    degrees = pairwise_separation(features, labels, len(counts), center)
    expected = pairwise_loop(features, labels, len(counts), center)
    torch.testing.assert_close(
        degrees,
        torch.from_numpy(expected),
        rtol=1e-9,
        atol=1e-12,
        equal_nan=True)


def test_lemma_and_subtraction_agree():
    features, _ = clouds([7, 100], 20)
    rows, total = features[:7], features.T @ features
    by_lemma = _volume_without(rows, _factor(total, 100), total, 100)
    by_subtraction = _volume_without(rows, None, total, 100)
    torch.testing.assert_close(by_lemma, by_subtraction, rtol=1e-12, atol=0)


@pytest.mark.parametrize('center', [True, False])
def test_separation_of_spheres_is_their_closed_form(center):
    for distance in (0., *DISTANCES):
        for radii in ((1., 1.), (1., 2.), (0.5, 3.)):
            pair = sphere_pair(20000, radii, distance)
            degrees = separation_degree(pair.features, pair.labels, 2, center)
            truth = pair.centered_separation if center else pair.separation
            torch.testing.assert_close(degrees, truth, rtol=0, atol=0.02)


@pytest.mark.parametrize('center', [True, False])
def test_equal_spheres_have_equal_degrees(center):
    for distance in DISTANCES:
        pair = sphere_pair(20000, (1., 1.), distance)
        degrees = separation_degree(pair.features, pair.labels, 2, center)
        assert degrees[0].item() == pytest.approx(degrees[1].item(), abs=3e-3)


@pytest.mark.parametrize('center', [True, False])
def test_degrees_of_equal_spheres_grow_with_distance(center):
    degrees = []
    for distance in (0.5, 1., 2., 4., 8.):
        pair = sphere_pair(4000, (1., 1.), distance)
        degrees.append(
            separation_degree(pair.features, pair.labels, 2, center))
    assert (torch.stack(degrees).diff(dim=0) > 0).all()


def test_centred_degrees_of_unequal_spheres_grow_with_distance():
    degrees = []
    for distance in (0.5, 1., 2., 4., 8.):
        pair = sphere_pair(4000, (1., 2.), distance)
        degrees.append(
            separation_degree(pair.features, pair.labels, 2, center=True))
    assert (torch.stack(degrees).diff(dim=0) > 0).all()


@pytest.mark.parametrize('center', [True, False])
def test_larger_sphere_has_the_larger_degree(center):
    for distance in DISTANCES:
        pair = sphere_pair(4000, (1., 2.), distance)
        small, large = separation_degree(pair.features, pair.labels, 2, center)
        assert large > small


@pytest.mark.parametrize('center', [True, False])
def test_asymmetry_grows_with_the_difference_of_radii(center):
    for distance in DISTANCES:
        gaps = []
        for radius in (1., 1.5, 2., 3.):
            pair = sphere_pair(4000, (1., radius), distance)
            small, large = separation_degree(pair.features, pair.labels, 2,
                                             center)
            gaps.append((large - small).item())
        assert gaps == sorted(gaps)


def test_mirrored_spheres_have_degree_zero_without_centring():
    pair = sphere_pair(1000, distance=4.)
    ball = pair.features[pair.labels == 0]
    degrees = separation_degree(torch.cat([ball, -ball]), pair.labels, 2)
    torch.testing.assert_close(degrees, torch.zeros(2).double())


def test_two_classes_have_the_degrees_of_the_only_pair():
    features, labels = clouds([30, 50], 6)
    degrees = separation_degree(features, labels, 2)
    pairs = pairwise_separation(features, labels, 2)
    torch.testing.assert_close(pairs[[0, 1], [1, 0]], degrees)
    assert pairs.diagonal().isnan().all()


@pytest.mark.parametrize('p', [64, 2048])
def test_separation_of_isometric_embedding_is_unchanged(p):
    features, labels = clouds([40, 20, 30], 5)
    embedded = embed_isometrically(features, p)
    for center in (True, False):
        torch.testing.assert_close(
            separation_degree(embedded, labels, 3, center),
            separation_degree(features, labels, 3, center),
            rtol=1e-9,
            atol=1e-12)


def test_separation_ignores_the_order_of_points():
    features, labels = clouds([40, 5, 30], 12)
    order = torch.randperm(75)
    torch.testing.assert_close(
        separation_degree(features[order], labels[order], 3),
        separation_degree(features, labels, 3))


def test_only_centred_separation_ignores_translation():
    features, labels = clouds([40, 5, 30], 12)
    moved = features + 3
    torch.testing.assert_close(
        separation_degree(moved, labels, 3, center=True),
        separation_degree(features, labels, 3, center=True))
    change = separation_degree(moved, labels, 3) - separation_degree(
        features, labels, 3)
    assert (change.abs() > 1e-3).all()


def test_absent_class_is_nan_and_changes_no_other():
    features, labels = clouds([20, 0, 30, 4], 6)
    degrees = separation_degree(features, labels, 5)
    assert degrees.isnan().tolist() == [False, True, False, False, True]
    kept = torch.tensor([0, 0, 1, 2])[labels]
    torch.testing.assert_close(
        separation_degree(features, kept, 3), degrees[[0, 2, 3]])
    pairs = pairwise_separation(features, labels, 5)
    assert pairs[1].isnan().all() and pairs[:, 4].isnan().all()


def test_class_of_zero_volume_is_nan():
    features, labels = clouds([20, 10], 6)
    features[labels == 1] = features[labels == 1][0]
    degrees = separation_degree(features, labels, 2, center=True)
    assert degrees.isnan().tolist() == [False, True]
    pairs = pairwise_separation(features, labels, 2, center=True)
    assert not pairs[0, 1].isnan() and pairs[1, 0].isnan()


def test_class_that_holds_all_points_is_nan():
    features, labels = clouds([20], 6)
    assert separation_degree(features, labels, 1).isnan().all()
    assert pairwise_separation(features, labels, 1).isnan().all()


def test_no_points_at_all_are_nan():
    nothing = torch.zeros(0, 4), torch.zeros(0).long()
    assert separation_degree(*nothing, 3).isnan().tolist() == [True] * 3
    assert pairwise_separation(*nothing, 3).isnan().all()


@pytest.mark.parametrize('scale', [1e-4, 1., 1e3])
def test_separation_in_float32_is_that_of_float64(scale):
    features, labels = clouds([60, 5, 11], 12, scale=scale)
    features = features.float()
    for measure in (separation_degree, pairwise_separation):
        degrees = measure(features, labels, 3)
        assert degrees.dtype == torch.float32
        torch.testing.assert_close(
            degrees,
            measure(features.double(), labels, 3).float(),
            equal_nan=True)


@pytest.mark.parametrize('counts, p, scale', [([30, 20], 2048, 1e3),
                                              ([300, 20], 40, 1e9)])
def test_large_features_stay_finite(counts, p, scale):
    features, labels = clouds(counts, p, scale=scale)
    for measure in (separation_degree, pairwise_separation):
        degrees = measure(features, labels, 2)
        assert degrees.isinf().sum() == 0
        assert degrees.isfinite().sum() == 2


@pytest.mark.parametrize('center', [True, False])
@pytest.mark.parametrize('measure', [separation_degree, pairwise_separation])
def test_separation_gradient_is_exact(measure, center):
    features, labels = clouds([9, 3, 5], 4)

    def degrees(features):
        values = measure(features, labels, 3, center)
        return values[~values.isnan()]

    assert torch.autograd.gradcheck(degrees, features.requires_grad_())


def test_non_finite_features_are_counted():
    features, labels = clouds([9, 3], 4)
    features[[1, 4, 6], 0] = math.nan
    for measure in (separation_degree, pairwise_separation):
        with pytest.raises(ValueError, match='3 of 12'):
            measure(features, labels, 2)
