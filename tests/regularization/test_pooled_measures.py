# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Local spread and tangent variation in the place of curvature."""
import math

import numpy as np
import pytest
import torch

from mmcurv.geometry import local_spread, tangent_variation
from mmcurv.regularization import neighborhoods
from tests.reference.neighborhood_loop import SpreadLoop, TangentLoop
from .pooled_runs import COUNTS, EXACT_REFRESHES, Drift, filled, owners
from .test_pooled_gradient import WEIGHTS, gradient, slopes

K = 6
LOOPS = dict(spread=SpreadLoop, tangent=TangentLoop)
MEASURED = dict(spread=4, tangent=3)  # classes; three points are flat


def pool_and_loop(measure, refresh, **options):
    """A primed pool, the slow loop of it, and drifting features."""
    labels = owners()
    drift = Drift(len(labels))
    stored = drift.features.clone()
    pool = filled(stored, labels, measure=measure, refresh=refresh, **options)
    pool.measure_all()
    loop = LOOPS[measure](labels.tolist(), len(COUNTS), K, 2, None, refresh,
                          **options)
    loop.store(range(len(labels)), stored.numpy())
    if measure == 'tangent':
        loop.prime()
    else:
        loop.remembered = loop.measure(loop.stored, loop.stored)
    return pool, loop, labels, drift


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('measure', LOOPS)
def test_steps_equal_slow_loop(measure, refresh):
    pool, loop, labels, drift = pool_and_loop(measure, refresh)
    for _ in range(4):
        images, features = drift.batch(7)
        log_g = pool(features, labels[images], images)
        expected = loop.step(images.tolist(), features.numpy())
        assert np.isfinite(expected[:3]).all()
        pool.push(features, labels[images], images)
        number = MEASURED[measure]
        for values in (log_g, pool.class_values()):
            np.testing.assert_allclose(
                values[:number], expected[:number], rtol=0, atol=1e-9)


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('measure', LOOPS)
def test_gradient_equals_differences_of_slow_loop(measure, refresh,
                                                  monkeypatch):
    """Neighbours, and their tangent spaces, are held; own ones are not."""
    monkeypatch.setattr(neighborhoods, 'SMALLEST_GAP', 0.)
    pool, loop, labels, drift = pool_and_loop(measure, refresh)
    images, features = drift.batch(9)
    near = {}

    def weighted(moved):
        values = loop.values(images.tolist(), moved, near)
        return WEIGHTS @ loop.class_logs(values)[:3]

    weighted(features.numpy())  # fixes who is a neighbour
    expected = slopes(weighted, features.numpy())
    actual = gradient(pool, features, labels, images)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
    assert np.abs(expected).max() > 0.05


@pytest.mark.parametrize('measure', LOOPS)
def test_sampled_neighbors_with_all_drawn_have_the_gradient_of_all(measure):
    gradients = []
    for options in (dict(refresh='all'), dict(refresh='neighbors', sample=99)):
        labels = owners()
        drift = Drift(len(labels))
        pool = filled(
            drift.features.clone(), labels, measure=measure, **options)
        pool.measure_all()
        images, _ = drift.batch(9)
        # Nothing has moved, so that the remembered neighbours are right.
        features = pool.pool.features[pool.pool.slot[images]]
        gradients.append(gradient(pool, features, labels, images))
    torch.testing.assert_close(*gradients)
    assert gradients[0].abs().max() > 0.01


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_values_of_a_full_pool_are_those_of_the_geometry(dtype):
    labels = owners()
    features = Drift(len(labels), dtype=dtype).features * 3 + 5
    for measure, expected in (('spread',
                               local_spread(features, labels, len(COUNTS), K)),
                              ('tangent',
                               tangent_variation(features, labels, len(COUNTS),
                                                 K, 2).log())):
        pool = filled(features, labels, measure=measure)
        pool.measure_all()
        number = MEASURED[measure]
        torch.testing.assert_close(pool.class_values()[:number],
                                   expected[:number])
        assert not torch.isfinite(pool.class_values()[number:]).any()


def circle(n, radius=1.):
    angle = 2 * math.pi * torch.arange(n).double() / n
    points = torch.stack([angle.cos(), angle.sin()], 1)
    return radius * points + torch.tensor([3., -2.]).double()


@pytest.mark.parametrize('n, radius', [(12, 1.), (40, 0.25)])
def test_a_circle_has_its_chord_and_its_angle(n, radius):
    labels, points = torch.zeros(n).long(), circle(n, radius)
    chord = 2 * radius * math.sin(math.pi / n)
    spread = filled(points, labels, k=2, measure='spread')
    tangent = filled(points, labels, k=2, measure='tangent', tangent_dim=1)
    images = torch.arange(n)
    for pool, expected in ((spread, chord**2), (tangent,
                                                math.sin(2 * math.pi / n)**2)):
        got = pool(points, labels, images)[0]
        assert got.item() == pytest.approx(math.log(expected), abs=1e-9)


def test_spread_descends_where_points_come_together():
    """log of the squared chord has the slope 2 / radius in the radius."""
    n, radius = 12, 0.5
    points, labels = circle(n, radius), torch.zeros(n).long()
    pool = filled(points, labels, k=2, measure='spread')
    slope = gradient(pool, points, labels, torch.arange(n), [1.])
    outward = (points - points.mean(0)) / radius
    assert (slope * outward).sum().item() == pytest.approx(2 / radius)


@pytest.mark.parametrize('measure, power', [('spread', 2), ('tangent', 0)])
@pytest.mark.parametrize('factor', [1e-12, 1e3, 1e12])
def test_scale_laws(measure, power, factor):
    """log G gains power * log factor; the gradient is divided by factor."""
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(9)
    found = []
    for scale in (1., factor):
        pool = filled(drift.features * scale, labels, measure=measure)
        log_g = pool(features * scale, labels[images], images).detach()
        slope = gradient(pool, features * scale, labels, images)
        found.append((log_g[:3], slope * scale))
    shift = power * math.log(factor)
    torch.testing.assert_close(
        found[1][0], found[0][0] + shift, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('measure', LOOPS)
@pytest.mark.parametrize(
    'points', [
        torch.zeros(20, 5),
        torch.arange(20.)[:, None].expand(20, 5),
        torch.cat([torch.eye(5), -torch.eye(5)]).repeat(2, 1),
        torch.randn(20, 5, generator=torch.Generator().manual_seed(0)) * 1e30,
        torch.randn(20, 5, generator=torch.Generator().manual_seed(0)) * 1e-30,
        torch.full((20, 5), torch.nan),
    ],
    ids=['same', 'line', 'cross', 'huge', 'tiny', 'nan'])
def test_gradient_is_finite_for_any_input(points, measure):
    """Also where tangent spaces are not determined: a cross has no gap."""
    labels = torch.zeros(20).long()
    pool = filled(points, labels, measure=measure)
    batch = points[:9].clone().requires_grad_()
    log_g = pool(batch, labels[:9], torch.arange(9))[0]
    pool.push(batch, labels[:9], torch.arange(9))
    if points.isnan().any():
        assert log_g.isnan() and not log_g.requires_grad
        return
    log_g.backward()
    assert torch.isfinite(batch.grad).all()
    assert not torch.isposinf(log_g)


def test_gap_bounds_the_gradient_of_an_undetermined_tangent_space():
    """The cross again, a little off, as large as its smallest gap allows."""
    generator = torch.Generator().manual_seed(0)
    cross = torch.cat([torch.eye(5), -torch.eye(5)]).repeat(2, 1).double()
    cross = cross + 1e-9 * torch.randn(20, 5, generator=generator).double()
    pool = filled(cross, torch.zeros(20).long(), measure='tangent', k=19)
    images = torch.arange(20)
    slope = gradient(pool, cross, images * 0, images, [1.])
    assert slope.abs().max() < 10 / neighborhoods.SMALLEST_GAP


@pytest.mark.parametrize('options, said', [
    (dict(measure='volume'), "measure must be one of .* got 'volume'"),
    (dict(measure='tangent', k=2, tangent_dim=3), 'tangent_dim=3 and k=2'),
    (dict(measure='spread', k=0), 'k=0'),
])
def test_unusable_options_are_refused(options, said):
    options = dict(dict(k=K), **options)
    with pytest.raises(ValueError, match=said):
        filled(Drift(4).features, torch.zeros(4).long(), **options)


def test_spread_of_one_neighbor_is_allowed():
    """Curvature needs three of them."""
    points = torch.tensor([[0., 0.], [3., 4.]])
    pool = filled(points, torch.zeros(2).long(), measure='spread', k=1)
    pool.measure_all()
    assert pool.class_values()[0].item() == pytest.approx(math.log(25))


@pytest.mark.parametrize('measure', LOOPS)
def test_a_loaded_state_goes_on_bit_for_bit(measure):
    pool, _, labels, drift = pool_and_loop(measure, 'batch')
    other = pool_and_loop(measure, 'batch')[0]
    for number in range(4):
        images, features = drift.batch(7)
        if number == 2:
            other.load_state_dict(pool.state_dict())
        log_g = pool(features, labels[images], images)
        pool.push(features, labels[images], images)
        if number >= 2:
            assert torch.equal(
                other(features, labels[images], images)[:4], log_g[:4])
            other.push(features, labels[images], images)
