# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Volume of point clouds, and the separation degree made from it."""
import doctest
import math

import pytest
import torch

from mmcurv.geometry import (class_volume, manifold_volume,
                             pairwise_separation, separation_degree, volume)
from mmcurv.geometry.volume import _factor, _volume_without
from mmcurv.paper_figures.shapes import embed_isometrically, sphere_pair
from tests.reference.separation_loop import pairwise_loop, separation_loop
from tests.reference.volume_loop import volume_loop

DISTANCES = [0.5, 1., 2., 3.]


def cloud(n, p, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    scale = torch.logspace(1, -2, p, dtype=torch.float64)
    points = torch.randn(n, p, generator=generator, dtype=torch.float64)
    return (points * scale + 0.5).to(dtype)


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
@pytest.mark.parametrize('n, p', [(50, 6), (6, 50), (7, 7), (2, 3), (1, 4)])
def test_volume_equals_slow_loop(n, p, center):
    points = cloud(n, p)
    expected = volume_loop(points, center)
    assert manifold_volume(points, center).item() == pytest.approx(
        expected, rel=1e-10, abs=1e-12)


def test_volume_of_known_covariance_is_its_closed_form():
    a, b = 3., 0.5
    points = torch.tensor([[a, 0.], [-a, 0.], [0., b], [0., -b]]).double()
    expected = 0.5 * math.log2((1 + a**2 / 2) * (1 + b**2 / 2))
    assert manifold_volume(points).item() == pytest.approx(expected, 1e-14)


def test_many_points_in_chunks_equal_a_single_product(monkeypatch):
    points = cloud(101, 5)
    expected = manifold_volume(points)
    monkeypatch.setattr(volume, '_CHUNK_ELEMENTS', 35)
    torch.testing.assert_close(manifold_volume(points), expected)


def test_volume_of_no_points_is_nan_and_of_one_point_is_zero():
    assert manifold_volume(torch.zeros(0, 4)).isnan()
    assert manifold_volume(torch.full((1, 4), 7.3)) == 0


def test_uncentred_volume_of_one_point_is_that_of_its_length():
    point = torch.tensor([[3., 4.]]).double()
    expected = 0.5 * math.log2(1 + 25)
    assert manifold_volume(
        point, center=False).item() == pytest.approx(expected, 1e-14)


def test_volume_of_duplicates_is_zero():
    assert manifold_volume(torch.full((20, 8), 0.1)).item() == 0


@pytest.mark.parametrize('p', [64, 2048])
def test_volume_of_isometric_embedding_is_unchanged(p):
    points = cloud(120, 10)
    embedded = embed_isometrically(points, p)
    for center in (True, False):
        torch.testing.assert_close(
            manifold_volume(embedded, center),
            manifold_volume(points, center),
            rtol=1e-10,
            atol=0)


def test_centred_volume_ignores_translation_and_order():
    points = cloud(40, 6)
    moved = points[torch.randperm(40)] + torch.arange(6.)
    torch.testing.assert_close(
        manifold_volume(moved), manifold_volume(points), rtol=1e-10, atol=0)


@pytest.mark.parametrize('n', [100, 2100])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_volume_of_large_wide_features_is_finite_and_exact(n, dtype):
    p, scale = 2048, 1e3
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(n, p, generator=generator) * scale
    found = manifold_volume(rows.to(dtype), center=False)
    assert found.dtype == dtype
    covariance = rows.double().T @ rows.double() / n
    _, nats = torch.linalg.slogdet(torch.eye(p).double() + covariance)
    assert found.item() == pytest.approx(nats.item() / math.log(4), rel=1e-6)


def test_volume_of_enormous_low_rank_features_is_finite():
    generator = torch.Generator().manual_seed(0)
    line = torch.randn(500, 1, generator=generator).double()
    direction = torch.randn(1, 40, generator=generator).double()
    points = 1e12 * line @ direction
    expected = volume_loop(points)
    assert manifold_volume(points).item() == pytest.approx(expected, rel=0.5)


@pytest.mark.parametrize('n, p', [(30, 5), (5, 30)])
def test_volume_in_float32_is_that_of_the_same_numbers_in_float64(n, p):
    points = cloud(n, p, dtype=torch.float32)
    torch.testing.assert_close(
        manifold_volume(points),
        manifold_volume(points.double()).float(),
        rtol=1e-6,
        atol=0)


def test_half_precision_gives_a_float32_volume():
    points = cloud(30, 5, dtype=torch.float16)
    torch.testing.assert_close(
        manifold_volume(points), manifold_volume(points.float()))


@pytest.mark.parametrize('center', [True, False])
@pytest.mark.parametrize('n, p', [(9, 4), (4, 9)])
def test_volume_gradient_is_exact(n, p, center):
    points = cloud(n, p).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda points: manifold_volume(points, center), points)


def test_class_volume_is_the_volume_of_each_class():
    features = cloud(60, 8)
    labels = torch.arange(60) % 3
    labels[labels == 2] = 3  # class 2 is absent
    for center in (True, False):
        volumes = class_volume(features, labels, 4, center)
        assert volumes.shape == (4, )
        assert volumes[2].isnan()
        for c in (0, 1, 3):
            expected = volume_loop(features[labels == c], center)
            assert volumes[c].item() == pytest.approx(expected, 1e-10)


def test_non_finite_points_are_counted():
    points = cloud(10, 3)
    points[2, 1], points[5, 0] = math.nan, math.inf
    with pytest.raises(ValueError, match='2 of 10'):
        manifold_volume(points)
    with pytest.raises(ValueError, match='2 of 10'):
        class_volume(points, torch.zeros(10).long(), 1)


def test_wrong_input_is_named():
    with pytest.raises(TypeError, match='int64'):
        manifold_volume(torch.arange(6).view(3, 2))
    with pytest.raises(ValueError, match=r'\(2, 3, 4\)'):
        manifold_volume(torch.zeros(2, 3, 4))
    with pytest.raises(ValueError, match=r'\[0, 2\).*1 of 3'):
        class_volume(torch.zeros(3, 2), torch.tensor([0, 1, 2]), 2)


def test_example_in_docstring_is_true():
    result = doctest.testmod(volume)
    assert result.attempted > 0 and result.failed == 0


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
