# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.geometry import class_volume, manifold_volume
from mmcurv.geometry.shapes import embed_isometrically
from tests.reference.volume_loop import volume_loop


def cloud(n, p, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    scale = torch.logspace(1, -2, p, dtype=torch.float64)
    points = torch.randn(n, p, generator=generator, dtype=torch.float64)
    return (points * scale + 0.5).to(dtype)


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
    monkeypatch.setattr('mmcurv.geometry.volume._CHUNK_ELEMENTS', 35)
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
    volume = manifold_volume(rows.to(dtype), center=False)
    assert volume.dtype == dtype
    covariance = rows.double().T @ rows.double() / n
    _, nats = torch.linalg.slogdet(torch.eye(p).double() + covariance)
    assert volume.item() == pytest.approx(nats.item() / math.log(4), rel=1e-6)


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
