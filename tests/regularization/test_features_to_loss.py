# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From features to the term in the loss, as one chain."""
import math

import pytest
import torch

from mmcurv.geometry import class_curvature
from mmcurv.paper_figures import shapes
from mmcurv.regularization import (CurvatureRegularization, FeaturePool,
                                   PooledCurvature, curvature_loss)
from mmcurv.regularization.loss import MAX_MODES
from mmcurv.regularization.pooled_curvature import LIVES
from .pooled_runs import EXACT_REFRESHES

N = 30


def noise(seed=0, n=N):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, generator=generator)


def degenerate_classes():
    """Features (n, 3) and labels of classes that have gone wrong."""
    plane = torch.cat([noise(1)[:, :2], torch.zeros(N, 1)], 1)
    line = noise(2)[:, :1] * torch.tensor([1., 2., -4.])  # no rounding
    clumps = noise(3)
    clumps[:20] = clumps[0].clone()
    twins = noise(4)
    twins[::2] = twins[1::2].clone()
    angle, height = noise(5)[:, :2].T
    cylinder = torch.stack([angle.cos(), angle.sin(), height], 1)
    classes = dict(
        sound=noise(6),
        flat=plane,
        line=line,
        point=torch.ones(N, 3),
        origin=torch.zeros(N, 3),
        clumps=clumps,
        twins=twins,
        cylinder=cylinder,
        far=noise(7) + 1e6,
        tiny=noise(8) * 1e-12,
        huge=noise(9) * 1e12,
        pair=noise(10, 2),
        single=noise(11, 1),
        absent=noise(12, 0))
    labels = [
        torch.full((len(points), ), c)
        for c, points in enumerate(classes.values())
    ]
    return list(classes), torch.cat(list(classes.values())), torch.cat(labels)


@pytest.mark.parametrize('detach_max', [True, False])
@pytest.mark.parametrize('max_mode', MAX_MODES)
@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_degenerate_classes_give_finite_gradients(dtype, refresh, live,
                                                  max_mode, detach_max):
    names, features, labels = degenerate_classes()
    counts = torch.bincount(labels, minlength=len(names))
    images = torch.arange(len(labels))
    curvature = PooledCurvature(
        FeaturePool(counts, 3, dtype=dtype), k=12, refresh=refresh, live=live)
    curvature.push(features.to(dtype), labels, images)
    cr = CurvatureRegularization(100, max_mode, detach_max, max_weight=1e6)
    batch = torch.cat([images[::3], images[-3:]]).unique()
    live_features = features[batch].to(dtype).requires_grad_()
    log_g = curvature(live_features, labels[batch], batch)
    term = cr(log_g, torch.tensor(2.), 10)
    term.backward()
    assert term.item() == pytest.approx(1.)
    assert live_features.grad.isfinite().all()
    assert cr.num_skipped == 0
    reached = labels[batch][(live_features.grad != 0).any(1)].unique()
    reached = {names[c] for c in reached}
    assert {'sound', 'twins', 'cylinder', 'tiny', 'huge'} <= reached
    assert not reached & {'line', 'point', 'origin', 'pair', 'single'}
    assert log_g[names.index('flat')] == -math.inf
    for name in ('line', 'point', 'origin', 'pair', 'single', 'absent'):
        assert log_g[names.index(name)].isnan()


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_degenerate_classes_give_finite_gradients_without_a_pool(dtype):
    names, features, labels = degenerate_classes()
    features = features.to(dtype).requires_grad_()
    log_g = class_curvature(features, labels, len(names), k=12).log_value
    CurvatureRegularization()(log_g, torch.tensor(2.), 10).backward()
    assert features.grad.isfinite().all()
    assert (features.grad[labels == 0] != 0).any()


def spheres(radii):
    points = [
        shapes.sphere(300, radius=r, seed=i).points
        for i, r in enumerate(radii)
    ]
    labels = torch.arange(len(radii)).repeat_interleave(300)
    return torch.cat(points).double(), labels


def losses(features, labels, max_mode):
    log_g = class_curvature(features, labels, int(labels.max()) + 1).log_value
    return curvature_loss(log_g, max_mode).item()


def test_hard_loss_of_features_does_not_depend_on_their_unit():
    features, labels = spheres([1., 2., 5.])
    expected = losses(features, labels, 'hard')
    # log of G_i / min G = (5 / r)^2, up to the estimate's error.
    assert expected == pytest.approx(2 * math.log(5 * 2.5), rel=0.1)
    for unit in (1e-15, 1e-3, 0.37, 20., 1e15):
        actual = losses(features * unit, labels, 'hard')
        assert actual == pytest.approx(expected, rel=1e-9)


def test_printed_smooth_loss_of_features_depends_on_their_unit():
    features, labels = spheres([1., 2., 5.])
    one = losses(features, labels, 'logsumexp')
    other = losses(features / 10, labels, 'logsumexp')
    assert other > one + 3


@pytest.mark.parametrize('live', LIVES)
def test_step_against_the_gradient_flattens_every_class(live):
    features, labels = spheres([1., 2., 5.])
    images = torch.arange(len(labels))
    curvature = PooledCurvature(
        FeaturePool([300] * 3, 3, dtype=torch.float64),
        refresh='all',
        live=live)
    moved = features.clone().requires_grad_()
    before = curvature(moved, labels, images)
    CurvatureRegularization()(before, torch.tensor(2.), 10).backward()
    after = features - 1e-3 * moved.grad
    after = class_curvature(after, labels, 3).log_value
    assert (after < before).all()
    assert after.exp().sum() < before.exp().sum()


def test_training_with_nothing_but_the_term_flattens_every_class():
    features, labels = spheres([1., 2., 4.])
    features, labels = features[::3].clone().requires_grad_(), labels[::3]
    cr = CurvatureRegularization(tau=100)
    optimizer = torch.optim.SGD([features], lr=0.5)
    history = []
    for epoch in range(2, 12):
        log_g = class_curvature(features, labels, 3, k=20).log_value
        history.append(log_g.detach())
        optimizer.zero_grad()
        cr(log_g, torch.tensor(1.), epoch).backward()
        optimizer.step()
    assert (history[-1] < history[0]).all()
