# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.geometry.checks import to_unit_vectors


def vectors(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('shape', [(7, 5), (3, 4, 2), (0, 5), (6, 1)])
def test_directions_are_those_of_torch(shape):
    points = vectors(*shape)
    torch.testing.assert_close(
        to_unit_vectors(points), torch.nn.functional.normalize(points, dim=-1))


def test_gradient_is_exact():
    points = vectors(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(to_unit_vectors, points)


@pytest.mark.parametrize('scale', [1e-38, 1e-30, 1e30, 1e38])
def test_lengths_at_the_ends_of_float32_do_not_matter(scale):
    points = vectors(7, 5).float().clamp(-3, 3)
    torch.testing.assert_close(
        to_unit_vectors(scale * points), to_unit_vectors(points))


def test_zero_vector_stays_zero_and_has_no_gradient():
    points = vectors(3, 4)
    points[1] = 0
    points.requires_grad_()
    unit = to_unit_vectors(points)
    assert (unit[1] == 0).all()
    unit.sum().backward()
    assert points.grad.isfinite().all() and (points.grad[1] == 0).all()
    assert (points.grad[[0, 2]] != 0).all()
