# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature against the slow loop, and the three fits against each other."""
import numpy as np
import pytest
import torch

from mmcurv.geometry import point_curvature
from mmcurv.geometry.curvature import DEFAULT_RIDGE
from tests.reference.curvature_loop import curvature_loop


def cloud(n, p, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, p, generator=generator, dtype=torch.float64)
    scale = torch.logspace(0, -1, p, dtype=torch.float64)
    return (points * scale + 0.3).to(dtype)


@pytest.mark.parametrize('fit, ridge', [('ridge', DEFAULT_RIDGE),
                                        ('ridge', 0.1), ('ridge', 0.),
                                        ('symmetric', 0.), ('paper', 0.)])
@pytest.mark.parametrize('normal', ['smallest', 'next'])
@pytest.mark.parametrize(
    'n, p, k, m',
    [
        (50, 5, 12, 2),  # p < k
        (50, 30, 12, 2),  # p > k
        (40, 12, 12, 3),  # p = k
        (40, 64, 12, 1),
        (25, 30, 40, 4),  # n <= k
        (45, 3, 40, 2),
    ])
def test_curvature_equals_slow_loop(n, p, k, m, normal, fit, ridge):
    points = cloud(n, p)
    result = point_curvature(points, k, m, normal, fit, ridge)
    expected = curvature_loop(points, k, m, normal, fit, ridge)
    assert result.margin.isnan().all()  # no precision was given
    for name, truth in expected.items():
        value = getattr(result, name).numpy()
        if m % 2 and name in ('det', 'sign'):  # the normal's sign is free
            value, truth = abs(value), abs(truth)
        tolerance = dict(rtol=1e-7, atol=1e-7 * np.abs(truth).min())
        if name == 'log_abs_det':
            tolerance = dict(rtol=0, atol=1e-7)
        np.testing.assert_allclose(value, truth, **tolerance, err_msg=name)


@pytest.mark.parametrize('half', [True, False])
def test_literal_pseudo_inverse_equals_slow_loop(half):
    points = cloud(40, 6)
    result = point_curvature(points, 15, 3, fit='paper', half=half)
    expected = curvature_loop(points, 15, 3, fit='paper', half=half)
    np.testing.assert_allclose(
        result.log_abs_det, expected['log_abs_det'], rtol=0, atol=1e-8)


@pytest.mark.parametrize('p', [6, 50])
@pytest.mark.parametrize('m', [1, 2, 3, 4])
def test_symmetric_fit_equals_the_papers_pseudo_inverse(m, p):
    points = cloud(80, p)
    symmetric = point_curvature(points, 20, m, fit='symmetric')
    paper = point_curvature(points, 20, m, fit='paper')
    for name in ('det', 'log_abs_det', 'sign', 'residual'):
        torch.testing.assert_close(
            getattr(paper, name),
            getattr(symmetric, name),
            rtol=1e-8,
            atol=1e-8)


def test_ridge_of_zero_is_the_symmetric_fit():
    points = cloud(80, 10)
    ridge = point_curvature(points, 20, 3, ridge=0.)
    symmetric = point_curvature(points, 20, 3, fit='symmetric')
    torch.testing.assert_close(
        ridge.log_abs_det, symmetric.log_abs_det, rtol=0, atol=1e-6)


def test_ridge_flattens_and_misfits_more():
    points = cloud(80, 10)
    before = point_curvature(points, 20, ridge=0.)
    for ridge in (1e-3, 1e-2, 0.1, 1.):
        after = point_curvature(points, 20, ridge=ridge)
        assert after.log_abs_det.mean() < before.log_abs_det.mean()
        assert (after.residual > before.residual - 1e-9).all()
        before = after


@pytest.mark.parametrize('max_memory', [1, 20000])
@pytest.mark.parametrize('p', [4, 30])
def test_curvature_does_not_depend_on_the_memory_bound(p, max_memory):
    points = cloud(90, p)
    whole = point_curvature(points, 12)
    parts = point_curvature(points, 12, max_memory=max_memory)
    torch.testing.assert_close(parts.log_abs_det, whole.log_abs_det)


@pytest.mark.parametrize('normal', ['smallest', 'next'])
@pytest.mark.parametrize('n, p, k', [(400, 3, 20), (400, 10, 20),
                                     (200, 64, 40)])
def test_float32_is_close_to_float64(n, p, k, normal):
    points = cloud(n, p, dtype=torch.float32)
    single = point_curvature(points, k, normal=normal)
    double = point_curvature(points.double(), k, normal=normal)
    assert all(field.dtype == torch.float32 for field in single)
    torch.testing.assert_close(
        single.log_abs_det.double().median(),
        double.log_abs_det.median(),
        rtol=0,
        atol=1e-3)
    torch.testing.assert_close(
        single.det.abs().double().mean(),
        double.det.abs().mean(),
        rtol=1e-3,
        atol=0)
    error = (single.log_abs_det.double() - double.log_abs_det).abs()
    assert error.quantile(0.95) < 1e-2


def test_half_precision_is_widened():
    points = cloud(60, 5).half()
    result = point_curvature(points, 12)
    expected = point_curvature(points.float(), 12)
    assert result.det.dtype == torch.float32
    torch.testing.assert_close(result.det, expected.det)
