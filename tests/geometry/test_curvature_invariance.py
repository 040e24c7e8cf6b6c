# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What must not change the curvature, and what must, and how."""
import math

import pytest
import torch

from mmcurv.geometry import point_curvature
from mmcurv.paper_figures import shapes


def cloud(n, p, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, p, generator=generator, dtype=torch.float64)


def assert_same(result, expected, atol=1e-7):
    """Equal up to the sign of the normal."""
    torch.testing.assert_close(
        result.log_abs_det, expected.log_abs_det, rtol=0, atol=atol)
    torch.testing.assert_close(
        result.det.abs(), expected.det.abs(), rtol=atol, atol=0)
    torch.testing.assert_close(
        result.residual, expected.residual, rtol=0, atol=atol)
    torch.testing.assert_close(
        result.condition, expected.condition, rtol=1e-5, atol=0)


CASES = [(80, 6, 15, 2, 'smallest'), (80, 6, 15, 3, 'next'),
         (60, 40, 15, 2, 'smallest'), (60, 40, 15, 3, 'next')]


@pytest.mark.parametrize('n, p, k, m, normal', CASES)
def test_rotation_changes_nothing(n, p, k, m, normal):
    points = cloud(n, p)
    rotation = torch.linalg.qr(cloud(p, p, seed=1)).Q
    assert_same(
        point_curvature(points @ rotation, k, m, normal),
        point_curvature(points, k, m, normal))


@pytest.mark.parametrize('n, p, k, m, normal', CASES)
def test_translation_changes_nothing(n, p, k, m, normal):
    points = cloud(n, p)
    assert_same(
        point_curvature(points + 10 * cloud(1, p, seed=1), k, m, normal),
        point_curvature(points, k, m, normal))


@pytest.mark.parametrize('n, p, k, m, normal', CASES)
def test_permutation_permutes_the_result(n, p, k, m, normal):
    points = cloud(n, p)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    expected = point_curvature(points, k, m, normal)
    assert_same(
        point_curvature(points[order], k, m, normal),
        type(expected)(*(field[order] for field in expected)))


@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
@pytest.mark.parametrize('n, p, k, m, normal', CASES)
def test_scale_s_divides_curvature_by_s_to_the_m(n, p, k, m, normal, fit):
    points = cloud(n, p)
    expected = point_curvature(points, k, m, normal, fit)
    for scale in (1e-40, 1e-3, 2., 1e3, 1e40):
        result = point_curvature(points * scale, k, m, normal, fit)
        torch.testing.assert_close(
            result.log_abs_det,
            expected.log_abs_det - m * math.log(scale),
            rtol=0,
            atol=1e-6)
        torch.testing.assert_close(
            result.residual, expected.residual, rtol=0, atol=1e-7)


@pytest.mark.parametrize('scale', [1e-15, 1e-6, 1e6, 1e15])
@pytest.mark.parametrize('p', [6, 40])
def test_scale_law_holds_in_float32(p, scale):
    points = cloud(60, p)
    expected = point_curvature(points.float(), 15).log_abs_det
    result = point_curvature((points * scale).float(), 15).log_abs_det
    torch.testing.assert_close(
        result, expected - 2 * math.log(scale), rtol=0, atol=0.02)


@pytest.mark.parametrize('p', [64, 2048])
@pytest.mark.parametrize('m', [2, 3])
def test_isometric_embedding_changes_nothing(m, p):
    for points in (shapes.sphere(200, m).points, cloud(200, m + 3)):
        embedded = shapes.embed_isometrically(points, p)
        assert_same(
            point_curvature(embedded, 20, m),
            point_curvature(points, 20, m),
            atol=1e-6)


@pytest.mark.parametrize('p', [64, 2048])
def test_embedded_sphere_keeps_its_curvature_in_float32(p):
    points = shapes.sphere(300, 2).points
    embedded = shapes.embed_isometrically(points, p).float()
    expected = point_curvature(points, 20).log_abs_det
    result = point_curvature(embedded, 20).log_abs_det
    assert (result - expected).abs().median() < 1e-3


def test_zero_features_appended_change_nothing():
    points = cloud(60, 5)
    padded = torch.cat([points, torch.zeros(60, 40).double()], 1)
    assert_same(point_curvature(padded, 12), point_curvature(points, 12))
