# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.geometry import intrinsic_dimension, mean_radius


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def embedded(points, p, seed=1):
    """The points in p dimensions, along random orthogonal axes."""
    axes = torch.linalg.qr(
        torch.randn(p, points.shape[1], generator=generator(seed)))[0]
    return points @ axes.T


@pytest.mark.parametrize('d', [1, 2, 3, 5])
def test_flat_cube_has_its_own_dimension_in_any_space(d):
    cube = torch.rand(2000, d, generator=generator(d))
    for p in (d, 20):
        value = intrinsic_dimension(embedded(cube, p)).item()
        assert abs(value - d) < 0.12 * d


def test_sphere_has_one_dimension_less_than_its_space():
    points = torch.randn(2000, 4, generator=generator())
    points = points / points.norm(dim=1, keepdim=True)
    assert abs(intrinsic_dimension(points).item() - 3) < 0.3


def test_three_known_distances_give_the_estimate_by_hand():
    # Distances from each point of 0, 1, 3, 7 to the three others, sorted.
    sorted_distances = [(1, 3, 7), (1, 2, 6), (2, 3, 4), (4, 6, 7)]
    logs = [
        math.log(far / near) for *nears, far in sorted_distances
        for near in nears
    ]
    points = torch.tensor([[0.], [1.], [3.], [7.]], dtype=torch.float64)
    expected = len(logs) / sum(logs)
    assert intrinsic_dimension(points, k=3).item() == pytest.approx(expected)


@pytest.mark.parametrize('scale', [1e-30, 1., 1e30])
def test_dimension_does_not_depend_on_the_unit(scale):
    points = torch.rand(300, 3, generator=generator())
    value = intrinsic_dimension(points * scale).item()
    assert value == pytest.approx(intrinsic_dimension(points).item(), rel=1e-4)


def test_dimension_in_little_memory_is_the_same():
    points = torch.rand(200, 6, generator=generator())
    assert torch.equal(
        intrinsic_dimension(points), intrinsic_dimension(points, max_memory=1))


@pytest.mark.parametrize('n', [0, 1, 2, 3])
def test_dimension_of_tiny_classes_is_nan(n):
    points = torch.rand(n, 3, generator=generator())
    assert intrinsic_dimension(points).isnan()


def test_dimension_of_duplicates_only_is_nan():
    assert intrinsic_dimension(torch.ones(30, 3)).isnan()


def test_dimension_of_points_at_equal_distances_is_nan():
    assert intrinsic_dimension(torch.eye(8), k=4).isnan()


def test_points_with_a_duplicate_are_left_out():
    points = torch.rand(400, 3, generator=generator())
    with_copy = torch.cat([points, points[:1]])
    assert intrinsic_dimension(with_copy).item() == pytest.approx(
        intrinsic_dimension(points).item(), rel=0.02)


def test_too_few_neighbours_are_refused_with_the_reason():
    with pytest.raises(ValueError, match='k must be >= 3, got 2'):
        intrinsic_dimension(torch.rand(9, 2), k=2)


def test_radius_of_a_sphere_is_its_radius_wherever_it_lies():
    angle = torch.arange(12) * math.pi / 6
    circle = 2.5 * torch.stack([angle.cos(), angle.sin()], 1)
    for shift in (0., 100.):
        assert mean_radius(circle + shift).item() == pytest.approx(
            2.5, rel=1e-5)


@pytest.mark.parametrize('scale', [1e-30, 1e30])
def test_radius_at_extreme_scales_neither_over_nor_underflows(scale):
    points = torch.tensor([[3., 4.], [-3., -4.]])
    assert mean_radius(points * scale).item() == pytest.approx(
        5 * scale, rel=1e-5)


def test_radius_of_one_point_is_zero_and_of_none_nan():
    assert mean_radius(torch.ones(1, 4)).item() == 0
    assert mean_radius(torch.ones(0, 4)).isnan()
