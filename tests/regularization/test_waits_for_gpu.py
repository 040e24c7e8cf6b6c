# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A step of Curvature Regularization waits once for the GPU's queue."""
import pytest
import torch

from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature, feature_pool)
from mmcurv.regularization.pooled_curvature import LIVES
from tests.no_values import DEVICE, NoWaiting, Waits, answers

B, C, P, PER_CLASS = 12, 3, 6, 20
LABELS = torch.arange(B) % C
INDICES = LABELS * PER_CLASS + torch.arange(B) // C


def host_values(i):
    """Labels, what can be stored, and indices, as the pool asks for them."""
    return (LABELS, torch.ones(B, dtype=torch.int64), INDICES)[i]


def make(**options):
    pool = FeaturePool([PER_CLASS] * C, P, device=DEVICE)
    # As after the epochs that fill it.
    pool.arrived.fill_(PER_CLASS)
    pool.image.copy_(torch.arange(C * PER_CLASS))
    pool.slot.copy_(torch.arange(C * PER_CLASS))
    options = dict(dict(k=8), **options)
    return PooledCurvature(pool, **options)


def step(curvature, loss, features, labels, indices):
    term = loss(curvature(features, labels, indices), features.sum(), 10)
    curvature.push(features, labels, indices)
    return term


def far(*shape, **options):
    return torch.randn(*shape, device=DEVICE, **options)


@pytest.mark.parametrize('read', [
    torch.Tensor.nonzero, torch.Tensor.cpu, torch.Tensor.tolist,
    torch.linalg.eigvalsh, lambda x: x[x > 0], lambda x: x.sum().item(),
    lambda x: bool(x.any()), lambda x: torch.bincount(x[0].long()),
    lambda x: torch.ones(4).to(x.device), lambda x: torch.ones(4).to(x)
])
def test_these_calls_would_wait(read):
    with NoWaiting(), pytest.raises((Waits, RuntimeError)):
        read(far(4, 4))


@pytest.mark.parametrize('refresh', ['batch', 'all'])
@pytest.mark.parametrize('live', LIVES)
def test_step_reads_from_the_device_once(monkeypatch, refresh, live):
    curvature = make(refresh=refresh, live=live)
    loss = CurvatureRegularization().to(DEVICE)
    weight = far(B, P, requires_grad=True)
    labels, indices = LABELS.to(DEVICE), INDICES.to(DEVICE)
    with NoWaiting(), answers(monkeypatch, feature_pool, host_values) as asked:
        for _ in range(2):  # the first measures the whole pool
            step(curvature, loss, weight * 2, labels, indices).backward()
    assert asked == [3, 3]  # labels, whether finite, and indices, at once
    assert weight.grad.shape == (B, P)


def test_step_that_only_fills_the_pool_reads_once(monkeypatch):
    curvature = make()
    with NoWaiting(), answers(monkeypatch, feature_pool, host_values) as asked:
        curvature.push(far(B, P), LABELS, INDICES)
    assert asked == [1]


@pytest.mark.parametrize('options', [
    dict(normal='next'),
    dict(normalize=True),
    dict(tangent_dim=1),
    dict(max_memory=2**14),
])
def test_options_of_the_curvature_do_not_wait(monkeypatch, options):
    curvature = make(**options)
    features = far(B, P, requires_grad=True)
    with NoWaiting(), answers(monkeypatch, feature_pool, host_values):
        curvature(features * 2, LABELS, INDICES).sum().backward()
    assert features.grad.shape == (B, P)
