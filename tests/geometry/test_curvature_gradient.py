# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gradients of curvature, with the frames held fixed."""
import numpy as np
import pytest
import torch

from mmcurv.geometry import class_curvature, point_curvature
from mmcurv.paper_figures import shapes
from tests.reference.curvature_loop import fit_loop, frame_loop
from tests.reference.knn_loop import knn_loop


def cloud(n, p, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, p, generator=generator, dtype=torch.float64)
    return points * torch.linspace(3, 1, p, dtype=torch.float64)


def frozen_gradient(points, weights, k, m, normal, fit, ridge):
    """Central differences of sum w_i log|det_i|, neighbours and frames kept.

    Only the fit is done again at the displaced points.
    """
    points = points.numpy()
    neighbors = knn_loop(points, k)
    frames = [
        frame_loop(points, i, neighbors[i], m, normal)
        for i in range(len(points))
    ]

    def total(points):
        thetas = [
            fit_loop(points, i, neighbors[i], frames[i], fit, ridge)[0]
            for i in range(len(points))
        ]
        return np.dot(weights, np.linalg.slogdet(np.stack(thetas))[1])

    gradient = np.zeros_like(points)
    step = 1e-6
    for place in np.ndindex(points.shape):
        moved = points.copy()
        moved[place] += step
        forward = total(moved)
        moved[place] -= 2 * step
        gradient[place] = (forward - total(moved)) / (2 * step)
    return gradient


@pytest.mark.parametrize('fit, ridge', [('ridge', 0.01), ('symmetric', 0.),
                                        ('paper', 0.)])
@pytest.mark.parametrize('n, p, k, m, normal', [(9, 4, 6, 2, 'smallest'),
                                                (9, 8, 6, 2, 'smallest'),
                                                (9, 8, 6, 2, 'next'),
                                                (10, 5, 8, 3, 'smallest')])
def test_gradient_with_frames_held_fixed_is_exact(n, p, k, m, normal, fit,
                                                  ridge):
    points = cloud(n, p).requires_grad_()
    weights = torch.linspace(0.5, 1.5, n, dtype=torch.float64)
    result = point_curvature(points, k, m, normal, fit, ridge)
    (weights * result.log_abs_det).sum().backward()
    expected = frozen_gradient(points.detach(), weights.numpy(), k, m, normal,
                               fit, ridge)
    np.testing.assert_allclose(
        points.grad, expected, rtol=1e-5, atol=1e-6 * abs(expected).max())


def test_det_and_log_have_consistent_gradients():
    points = cloud(20, 4).requires_grad_()
    result = point_curvature(points, 10)
    by_log, = torch.autograd.grad(
        (result.det.abs().detach() * result.log_abs_det).sum(),
        points,
        retain_graph=True)
    by_det, = torch.autograd.grad(result.det.abs().sum(), points)
    torch.testing.assert_close(by_log, by_det)


def test_gradient_does_not_depend_on_the_memory_bound():
    points = cloud(40, 6).requires_grad_()
    gradients = [
        torch.autograd.grad(
            point_curvature(points, 10, max_memory=bound).det.abs().sum(),
            points)[0] for bound in (2**28, 5000)
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize('fit', ['ridge', 'symmetric', 'paper'])
def test_degenerate_points_have_zero_gradient_and_poison_no_other(fit):
    sphere = shapes.sphere(60).points
    plane = shapes.plane(30).points + 100
    line = torch.linspace(0, 1, 30).double()[:, None] * torch.ones(3) - 100
    copies = torch.full((30, 3), 500.).double()
    points = torch.cat([sphere, plane, line, copies]).requires_grad_()
    result = point_curvature(points, 12, fit=fit)
    assert (result.det[60:90] == 0).all() and result.det[90:].isnan().all()
    usable = result.det.isfinite()
    result.det[usable].abs().sum().backward()
    assert points.grad.isfinite().all()
    assert (points.grad[:60] != 0).any() and (points.grad[60:] == 0).all()


def test_descent_flattens_a_sphere():
    points = shapes.sphere(200).points.requires_grad_()
    before = point_curvature(points, 15).log_abs_det.mean()
    gradient, = torch.autograd.grad(before, points)
    with torch.no_grad():
        points -= 0.01 * gradient / gradient.norm(dim=1).max()
    after = point_curvature(points, 15).log_abs_det.mean()
    assert after < before


def test_gradient_of_class_mean_is_the_mean_of_point_gradients():
    points = cloud(50, 6)
    labels = torch.arange(50) % 2
    live = points.clone().requires_grad_()
    value = class_curvature(live, labels, 2, k=12).value
    value.sum().backward()
    for c in (0, 1):
        own = points[labels == c].clone().requires_grad_()
        point_curvature(own, 12).det.abs().mean().backward()
        torch.testing.assert_close(live.grad[labels == c], own.grad)
