# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Too few points or directions, duplicates, singular Hessians, wrong input."""
import math

import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature, point_curvature
from mmcurv.paper_figures import shapes
from tests.reference.curvature_loop import curvature_loop


def cloud(n, p, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, p, generator=generator, dtype=torch.float64)


def all_nan(result, n):
    return all(field.shape == (n, ) and field.isnan().all()
               for field in result)


@pytest.mark.parametrize('n', [5, 12, 13])
def test_too_large_k_means_all_other_points(n):
    points = cloud(n, 4)
    result = point_curvature(points, k=12)
    expected = point_curvature(points, k=n - 1)
    torch.testing.assert_close(result.log_abs_det, expected.log_abs_det)
    assert result.det.isfinite().all()


@pytest.mark.parametrize('m, needed', [(1, 3), (2, 4), (3, 7), (4, 11)])
def test_fewer_points_than_the_fit_needs_are_nan(m, needed):
    for n in range(needed):
        assert all_nan(point_curvature(cloud(n, 6), tangent_dim=m), n)
    enough = point_curvature(cloud(needed, 6), tangent_dim=m)
    assert enough.det.isfinite().all()


@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
@pytest.mark.parametrize('p', [3, 50])
def test_duplicates_of_one_point_are_nan(p, fit):
    for value in (0., 0.1):  # a dead layer's features are all 0
        points = torch.full((20, p), value)
        assert all_nan(point_curvature(points, 8, fit=fit), 20)
        assert all_nan(point_curvature(points.double(), 8, fit=fit), 20)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('p', [3, 50])
def test_collinear_points_are_nan(p, dtype):
    line = torch.linspace(-1, 1, 30).double()[:, None] * cloud(1, p)
    for points in (line, line + 3):
        assert all_nan(point_curvature(points.to(dtype), 8), 30)


def test_curve_in_its_plane_is_flat_for_surfaces():
    ring = torch.cat([shapes.sphere(40, 1).points, torch.zeros(40, 2)], 1)
    result = point_curvature(ring, 8, tangent_dim=2)
    assert (result.det == 0).all()


@pytest.mark.parametrize('p', [1, 2])
def test_space_without_a_normal_is_flat_or_undetermined(p):
    result = point_curvature(cloud(30, p), 8, tangent_dim=2)
    if p == 1:
        assert all_nan(result, 30)
    else:
        assert (result.det == 0).all()
        assert (result.log_abs_det == -math.inf).all()


@pytest.mark.parametrize('p', [4, 30])
def test_some_duplicates_equal_slow_loop(p):
    points = cloud(40, p)
    points[10:15] = points[:5]
    points[20] = points[0].clone()
    result = point_curvature(points, 12)
    expected = curvature_loop(points, 12, ridge=1e-4)
    np.testing.assert_allclose(
        result.log_abs_det, expected['log_abs_det'], rtol=0, atol=1e-7)


def test_degenerate_neighbourhoods_leave_the_others_alone():
    sphere = shapes.sphere(100).points
    expected = point_curvature(sphere, 12)
    line = torch.linspace(0, 1, 20)[:, None] * torch.ones(3) + 50
    mixed = point_curvature(torch.cat([sphere, line.double()]), 12)
    torch.testing.assert_close(mixed.log_abs_det[:100], expected.log_abs_det)
    assert mixed.log_abs_det[100:].isnan().all()


def test_copies_with_no_other_neighbour_are_nan():
    points = cloud(60, 5)
    points[:20] = points[0].clone()
    result = point_curvature(points, 12)
    assert result.det[:20].isnan().all()
    expected = np.isnan(curvature_loop(points, 12)['det'])
    np.testing.assert_array_equal(result.det.isnan(), expected)


def test_non_finite_points_are_counted():
    points = cloud(30, 3)
    points[2, 1], points[5], points[7, 0] = math.nan, math.inf, -math.inf
    with pytest.raises(ValueError, match='3 of 30'):
        point_curvature(points, 8)


@pytest.mark.parametrize('options, words', [
    (dict(normal='largest'), 'normal.*largest'),
    (dict(fit='lstsq'), 'fit.*lstsq'),
    (dict(tangent_dim=0), 'tangent_dim.*0'),
    (dict(tangent_dim=4, k=9), 'tangent_dim=4.*k=9'),
    (dict(ridge=-1.), 'ridge.*-1'),
    (dict(k=0), 'k must be >= 1.*got 0'),
    (dict(k=math.nan), 'k must be >= 1.*got nan'),
    (dict(k=20.), 'k must be >= 1.*got 20.0'),
    (dict(tangent_dim=math.nan), 'tangent_dim must be >= 1.*got nan'),
    (dict(ridge=math.nan), 'ridge must be >= 0 and finite, got nan'),
    (dict(ridge=math.inf), 'ridge must be >= 0 and finite, got inf'),
])
def test_impossible_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        point_curvature(cloud(30, 5), **options)


def test_wrong_input_is_named():
    with pytest.raises(TypeError, match='int64'):
        point_curvature(torch.arange(6).view(3, 2))
    with pytest.raises(ValueError, match=r'\(2, 3, 4\)'):
        point_curvature(torch.zeros(2, 3, 4))


def symmetric_cloud(seed, dtype):
    """A point at 0 with neighbours v and -v: its quadric is exactly flat."""
    generator = torch.Generator().manual_seed(seed)
    around = torch.randint(-4, 5, (6, 3), generator=generator).to(dtype)
    return torch.cat([torch.zeros(1, 3, dtype=dtype), around, -around])


@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('seed', range(5))
def test_centrally_symmetric_neighbourhood_does_not_poison_gradients(
        seed, dtype, fit):
    points = symmetric_cloud(seed, dtype).requires_grad_()
    labels = torch.zeros(len(points), dtype=torch.long)
    value = class_curvature(points, labels, 1, k=12, fit=fit).log_value
    value.sum().backward()
    assert torch.isfinite(points.grad).all()


def test_singular_hessian_has_curvature_zero():
    flat = 0
    for seed in range(20):
        result = point_curvature(symmetric_cloud(seed, torch.float64), k=12)
        assert abs(result.det[0]) < 1e-12
        if result.det[0] == 0:
            assert result.sign[0] == 0
            assert result.log_abs_det[0] == -torch.inf
            flat += 1
    assert flat >= 10  # rounding leaves a last bit in some
