# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature of shapes whose true curvature is known."""
import itertools

import pytest
import torch

from mmcurv.geometry import point_curvature
from mmcurv.paper_figures import shapes


def vertex_of_quadric(curvatures, seed=0):
    """Vertex of t = sum_a c_a o_a^2 / 2 first, then mirrored points."""
    m = len(curvatures)
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(6, m, generator=generator, dtype=torch.float64)
    signs = torch.tensor(
        list(itertools.product([1., -1.], repeat=m)), dtype=torch.float64)
    tangent = (corners[:, None] * signs).flatten(0, 1)
    tangent = tangent * torch.arange(m, 0, -1) * 0.3  # distinct axes
    height = (tangent.square() * torch.tensor(curvatures)).sum(1) / 2
    points = torch.cat([tangent, height[:, None]], 1)
    return torch.cat([torch.zeros(1, m + 1, dtype=torch.float64), points])


@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
@pytest.mark.parametrize('curvatures', [(0.5, ), (0.3, 0.7), (0.4, -0.2),
                                        (0.3, 0.2, 0.5), (-0.3, 0.2, 0.5)])
def test_fit_at_the_vertex_of_a_quadric_is_exact(curvatures, fit):
    points = vertex_of_quadric(curvatures)
    m = len(curvatures)
    result = point_curvature(
        points, k=len(points) - 1, tangent_dim=m, fit=fit, ridge=0.)
    expected = torch.tensor(curvatures, dtype=torch.float64).prod()
    torch.testing.assert_close(result.det[0].abs(), expected.abs())
    torch.testing.assert_close(result.log_abs_det[0], expected.abs().log())
    assert result.residual[0] < 1e-7
    if m % 2 == 0:
        assert result.sign[0] == expected.sign()


@pytest.mark.parametrize('radius', [1., 2., 5.])
@pytest.mark.parametrize('m', [2, 3, 4])
def test_mean_curvature_of_sphere_is_radius_to_the_minus_m(m, radius):
    sample = shapes.sphere(3000, m, radius)
    for fit in ('ridge', 'symmetric'):
        result = point_curvature(sample.points, k=40, tangent_dim=m, fit=fit)
        mean = result.det.abs().mean().item()
        assert mean == pytest.approx(radius**-m, rel=0.1)


@pytest.mark.parametrize('m', [2, 3, 4])
def test_curvature_of_plane_is_zero(m):
    points = shapes.plane(300, m).points
    embedded = shapes.embed_isometrically(points, 30) + 1
    for flat in (points, embedded, embedded.float()):
        result = point_curvature(flat, k=20, tangent_dim=m)
        assert (result.det == 0).all() and (result.sign == 0).all()
        assert (result.log_abs_det == -torch.inf).all()
        assert (result.residual == 0).all()


def test_curvature_of_cylinder_is_small_beside_that_of_a_sphere():
    result = point_curvature(shapes.cylinder(3000).points)
    assert result.det.abs().median() < 0.05


def test_curvature_of_saddle_rises_with_w_and_is_near_the_truth():
    means = []
    for w in (0.05, 0.1, 0.25, 0.5, 0.75, 1.):
        sample = shapes.saddle(3000, w)
        result = point_curvature(sample.points)
        means.append(result.det.abs().mean().item())
        assert means[-1] == pytest.approx(sample.mean_curvature, rel=0.25)
    assert means == sorted(means) and means[-1] > 50 * means[0]


def test_saddle_has_negative_and_bowl_positive_curvature():
    saddle = point_curvature(shapes.saddle(2000).points)
    assert saddle.sign.mean() < -0.8
    bowl = point_curvature(shapes.paraboloid(2000).points)
    assert bowl.sign.mean() > 0.8


@pytest.mark.parametrize('k', [20, 40, 60])
def test_curvature_of_crossed_waves_rises_with_w_for_any_k(k):
    means = []
    for w in (0.5, 1., 2., 4., 8.):
        points = shapes.crossed_waves(2000, w).points
        means.append(point_curvature(points, k=k).det.abs().mean().item())
    assert means == sorted(means)


def test_other_normal_is_the_same_on_a_hypersurface():
    points = shapes.sphere(300, 3).points
    smallest = point_curvature(points, 20, 3, normal='smallest')
    following = point_curvature(points, 20, 3, normal='next')
    torch.testing.assert_close(following.det.abs(), smallest.det.abs())


@pytest.mark.parametrize('m', [1, 2, 3])
def test_without_half_curvature_is_two_to_the_minus_m_of_it(m):
    points = shapes.sphere(200, m, seed=1).points
    full = point_curvature(points, 20, m)
    halved = point_curvature(points, 20, m, half=False)
    torch.testing.assert_close(halved.det, full.det * 2.**-m)
    torch.testing.assert_close(halved.residual, full.residual)
