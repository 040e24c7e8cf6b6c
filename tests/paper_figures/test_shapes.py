# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import doctest

import pytest
import torch

from mmcurv.paper_figures import shapes

# Heights as functions of (x, y), written apart from the package's own.
GRAPHS = {
    'paraboloid':
    (lambda x, y:
     (3. * x**2 + 0.5 * y**2) / 2, lambda: shapes.paraboloid(50, a=3., b=0.5)),
    'saddle': (lambda x, y: 0.7 *
               (x**2 - y**2), lambda: shapes.saddle(50, w=0.7)),
    'printed_waves': (lambda x, y: torch.sin(torch.sin(
        0.5 * 4 * x)) + torch.cos(torch.cos(0.5 * 4 * x)) + 0 * y,
                      lambda: shapes.printed_waves(50, w=4.)),
    'crossed_waves':
    (lambda x, y: torch.sin(torch.sin(0.5 * 4 * x)) + torch.cos(
        torch.cos(0.5 * 4 * y)), lambda: shapes.crossed_waves(50, w=4.)),
}


def gaussian_curvature(height, x, y):
    """|K| from the first and second fundamental forms, by autograd."""
    at = torch.stack([x, y])

    def surface(at):
        return torch.stack([at[0], at[1], height(at[0], at[1])])

    tangents = torch.autograd.functional.jacobian(surface, at)  # (3, 2)
    hessian = torch.autograd.functional.hessian(lambda at: surface(at)[2], at)
    normal = torch.linalg.cross(tangents[:, 0], tangents[:, 1])
    second = hessian * normal[2] / normal.norm()
    first = tangents.T @ tangents
    return (torch.det(second) / torch.det(first)).abs()


@pytest.mark.parametrize('name', GRAPHS)
def test_curvature_of_graph_is_that_of_its_fundamental_forms(name):
    height, sample = GRAPHS[name]
    sample = sample()
    for point, curvature in zip(sample.points, sample.curvature):
        x, y, z = point
        assert height(x, y).item() == pytest.approx(z.item(), abs=1e-12)
        expected = gaussian_curvature(height, x, y)
        torch.testing.assert_close(curvature, expected, rtol=1e-9, atol=1e-9)
    assert sample.mean_curvature == pytest.approx(
        sample.curvature.mean().item())


def test_curvature_at_the_origin_is_the_product_of_both():
    sample = shapes.paraboloid(20000, a=3., b=-0.5, extent=1e-3)
    assert sample.mean_curvature == pytest.approx(1.5, 1e-4)


@pytest.mark.parametrize('dim', [1, 2, 4])
def test_points_of_sphere_lie_on_it_and_have_its_curvature(dim):
    sample = shapes.sphere(100, dim, radius=5.)
    assert sample.points.shape == (100, dim + 1)
    norms = sample.points.norm(dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, 5.))
    assert sample.mean_curvature == pytest.approx(5.**-dim)
    assert (sample.curvature == sample.mean_curvature).all()


def test_plane_and_cylinder_have_no_curvature():
    plane = shapes.plane(100, dim=3)
    assert plane.points.shape == (100, 4)
    assert (plane.points[:, 3] == 0).all()
    cylinder = shapes.cylinder(100, radius=2.)
    radii = cylinder.points[:, :2].norm(dim=1)
    torch.testing.assert_close(radii, torch.full_like(radii, 2.))
    for sample in (plane, cylinder):
        assert sample.mean_curvature == 0 and (sample.curvature == 0).all()


def test_graphs_are_sampled_inside_their_square():
    points = shapes.saddle(5000, extent=3.).points[:, :2]
    assert points.abs().max() <= 3
    assert (points.amax(0) > 2.9).all() and (points.amin(0) < -2.9).all()


@pytest.mark.parametrize('p', [3, 64, 2048])
def test_embedding_keeps_all_distances(p):
    points = shapes.sphere(50).points
    embedded = shapes.embed_isometrically(points, p, seed=1)
    assert embedded.shape == (50, p)
    torch.testing.assert_close(
        torch.cdist(embedded, embedded), torch.cdist(points, points))


def test_embedding_into_a_smaller_space_is_refused():
    with pytest.raises(ValueError, match='at least 3.*got 2'):
        shapes.embed_isometrically(shapes.sphere(5).points, 2)


@pytest.mark.parametrize('sampler', [
    shapes.sphere, shapes.plane, shapes.cylinder, shapes.paraboloid,
    shapes.saddle, shapes.printed_waves, shapes.crossed_waves
])
def test_seed_decides_the_points(sampler):
    state = torch.get_rng_state()
    first = sampler(10, seed=3).points
    assert first.dtype == torch.float64
    assert torch.equal(first, sampler(10, seed=3).points)
    assert not torch.equal(first, sampler(10, seed=4).points)
    assert torch.equal(torch.get_rng_state(), state)


def test_pair_of_spheres_has_its_radii_and_its_distance():
    pair = shapes.sphere_pair(1000, radii=(1., 3.), distance=4.)
    ball, large = (pair.features[pair.labels == c] for c in (0, 1))
    assert len(ball) == len(large) == 1000
    gap = torch.dist(ball.mean(0), large.mean(0)).item()
    assert gap == pytest.approx(4., abs=0.3)
    for cloud, radius in ((ball, 1.), (large, 3.)):
        spread = (cloud - cloud.mean(0)).square().sum(1).mean().sqrt()
        assert spread.item() == pytest.approx(radius, rel=0.01)


def test_examples_in_docstrings_are_true():
    result = doctest.testmod(shapes)
    assert result.attempted > 0 and result.failed == 0
