# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.geometry import class_curvature, point_curvature


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
