# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gradients of pooled curvature."""
import itertools
import math

import numpy as np
import pytest
import torch

from mmcurv.regularization.pooled_curvature import LIVES, _minibatch_gradient
from tests.reference.pooled_curvature_loop import PooledLoop
from .pooled_runs import COUNTS, EXACT_REFRESHES, Drift, filled, owners

K, RIDGE = 6, 1e-4
WEIGHTS = np.array([1., -0.7, 0.4])  # of the classes that are large enough


def gradient(curvature, features, labels, images, weights=WEIGHTS):
    """Gradient of the weighted log G of the first classes."""
    features = features.clone().requires_grad_()
    log_g = curvature(features, labels[images], images)
    weights = torch.as_tensor(weights).to(log_g)
    (weights * log_g[:len(weights)]).sum().backward()
    return features.grad


def slopes(function, features, step=1e-6):
    """Central differences of a function of an array."""
    out = np.zeros_like(features)
    for place in np.ndindex(*features.shape):
        ends = []
        for sign in (1, -1):
            moved = features.copy()
            moved[place] += sign * step
            ends.append(function(moved))
        out[place] = (ends[0] - ends[1]) / (2 * step)
    return out


def pool_and_loop(refresh, live, **options):
    """A primed curvature, the slow loop of it, and a batch for both."""
    labels = owners()
    drift = Drift(len(labels))
    stored = drift.features.clone()
    curvature = filled(
        stored, labels, refresh=refresh, live=live, ridge=RIDGE, **options)
    curvature.measure_all()
    loop = PooledLoop(labels.tolist(), len(COUNTS), K, 2, RIDGE, refresh,
                      **options)
    loop.store(range(len(labels)), stored.numpy())
    loop.remembered = loop.measure(loop.stored, loop.stored)
    images, features = drift.batch(9)
    return curvature, loop, labels, images, features


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('normalize', [False, True])
def test_gradient_equals_differences_with_neighbors_and_frames_held(
        normalize, refresh):
    curvature, loop, labels, images, features = pool_and_loop(
        refresh, 'pool', normalize=normalize)
    frames = {}

    def weighted(moved):
        values = loop.values(images.tolist(), moved, frames)
        return WEIGHTS @ loop.class_logs(values)[:3]

    weighted(features.numpy())  # fixes the frames where the features are
    expected = slopes(weighted, features.numpy())
    actual = gradient(curvature, features, labels, images)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
    assert np.abs(expected).max() > 0.05


@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_batch_gradient_equals_differences_of_the_mean_over_live_points(
        refresh):
    curvature, loop, labels, images, features = pool_and_loop(refresh, 'batch')
    frames = {}
    values = loop.values(images.tolist(), features.numpy(), frames)
    fixed = np.exp(loop.class_logs(values))  # G is a constant here

    def weighted(moved):
        values = loop.values(images.tolist(), moved, frames)
        total = 0.
        for c, weight in enumerate(WEIGHTS):
            own = [i for i in images.tolist() if labels[i] == c]
            dets = [math.exp(values[i]) for i in own]
            total += weight * sum(dets) / len(dets) / fixed[c]
        return total

    expected = slopes(weighted, features.numpy())
    actual = gradient(curvature, features, labels, images)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)


def test_literal_gradient_is_the_batch_gradient_times_the_share_of_the_batch():
    labels = owners()
    drift = Drift(len(labels))
    pool, batch = (
        filled(drift.features.clone(), labels, live=live) for live in LIVES)
    images, features = drift.batch(9)
    literal = gradient(pool, features, labels, images)
    estimate = gradient(batch, features, labels, images)
    for row, c in enumerate(labels[images].tolist()):
        if c > 2:
            assert (literal[row] == 0).all() and (estimate[row] == 0).all()
            continue
        share = (labels[images] == c).sum() / COUNTS[c]
        torch.testing.assert_close(literal[row], share * estimate[row])


@pytest.mark.parametrize('normalize', [False, True])
def test_both_gradients_agree_where_the_whole_class_is_live(normalize):
    labels = owners()
    drift = Drift(len(labels))
    images = (labels < 2).nonzero()[:, 0]
    results = []
    for live in LIVES:
        curvature = filled(
            drift.features + 0.1, labels, live=live, normalize=normalize)
        results.append(
            gradient(curvature, drift.features[images], labels, images,
                     WEIGHTS[:2]))
    torch.testing.assert_close(*results)
    assert results[0].abs().max() > 0.01


def test_batch_gradient_is_unbiased_where_no_live_point_is_a_neighbor():
    # Six clumps of eight points; with k = 6 all neighbours are in the clump,
    # and every batch takes one point from each.
    labels = torch.zeros(48).long()
    clump = torch.arange(48) % 6
    drift = Drift(48)
    features = drift.features + 100. * clump[:, None]
    curvature = filled(features, labels, live='batch')
    curvature.measure_all()
    mean = torch.zeros_like(features)
    for batch in torch.arange(48).split(6):  # a partition of the class
        part = gradient(curvature, features[batch], labels, batch, [1.])
        mean[batch] += part / 8
    whole = full_gradient_with_neighbors_held(features)
    torch.testing.assert_close(mean, whole)
    # The literal reading gives a batch's part of the whole, so that its mean
    # over the eight batches is an eighth of the whole.
    curvature = filled(features, labels, live='pool')
    part = gradient(curvature, features[:6], labels, torch.arange(6), [1.])
    torch.testing.assert_close(part, whole[:6])
    assert mean.abs().max() > 0.01


def full_gradient_with_neighbors_held(features):
    """Gradient of log G of one class by each point as an anchor only."""
    labels = torch.zeros(len(features)).long()
    curvature = filled(features, labels, live='pool')
    rows = [
        gradient(curvature, features[i:i + 1], labels, torch.tensor([i]), [1.])
        for i in range(len(features))
    ]
    return torch.cat(rows)


def test_batch_gradient_averaged_over_all_batches_is_the_stated_estimate():
    # n points, all batches of b: anchors enter with their full weight, live
    # neighbours only together with their anchor, in (b - 1) / (n - 1) of
    # its batches.
    n, b = 8, 3
    labels = torch.zeros(n).long()
    features = Drift(n).features
    curvature = filled(features, labels, live='batch', k=5)
    curvature.measure_all()
    mean = torch.zeros_like(features)
    batches = list(itertools.combinations(range(n), b))
    for batch in map(torch.tensor, batches):
        mean[batch] += gradient(curvature, features[batch], labels, batch,
                                [1.])
    mean /= len(batches)
    everything = torch.arange(n)
    whole = gradient(curvature, features, labels, everything, [1.])
    held = torch.cat([
        gradient(curvature, features[i:i + 1], labels, everything[i:i + 1],
                 [1.]) / n for i in range(n)
    ])
    expected = held + (b - 1) / (n - 1) * (whole - held)
    torch.testing.assert_close(mean, expected)


@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_gradient_of_a_class_reaches_its_live_features_and_nothing_else(
        refresh, live):
    labels = owners()
    drift = Drift(len(labels))
    curvature = filled(
        drift.features.clone(), labels, refresh=refresh, live=live)
    images, features = drift.batch(12)
    for c in range(3):
        only = np.eye(3)[c]
        rows = gradient(curvature, features, labels, images, only)
        reached = (rows != 0).any(1)
        assert torch.equal(reached, labels[images] == c)
    buffers = dict(curvature.named_buffers())
    assert len(buffers) == 10 and not list(curvature.parameters())
    assert not any(buffer.requires_grad for buffer in buffers.values())


@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
def test_gradient_is_the_same_after_the_batch_is_stored(refresh, live):
    labels = owners()
    drift = Drift(len(labels))
    images, new = drift.batch(9)
    gradients = []
    for stored_first in (False, True):
        curvature = filled(
            drift.features + 0.1, labels, refresh=refresh, live=live)
        features = new.clone().requires_grad_()
        total = curvature(features, labels[images], images)[:3].sum()
        if stored_first:
            curvature.push(features, labels[images], images)
        total.backward()
        gradients.append(features.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize('live', LIVES)
@pytest.mark.parametrize('refresh', EXACT_REFRESHES)
@pytest.mark.parametrize('reason', ['nan', 'inf', 'repeated'])
def test_rows_that_are_dropped_change_nothing_and_get_no_gradient(
        reason, refresh, live):
    labels = owners()
    drift = Drift(len(labels))
    images, features = drift.batch(9)
    extra, number = features[:2] + 3., images[[4, 5]]
    if reason != 'repeated':
        extra[:, 1] = float(reason)
        number = (labels == 0).nonzero()[:2, 0]
    results = []
    for batch in [(images, features),
                  (torch.cat([number, images]), torch.cat([extra, features]))]:
        curvature = filled(
            drift.features + 0.1, labels, refresh=refresh, live=live)
        with_graph = batch[1].clone().requires_grad_()
        log_g = curvature(with_graph, labels[batch[0]], batch[0])
        log_g[:3].sum().backward()
        curvature.push(with_graph, labels[batch[0]], batch[0])
        results.append((log_g, with_graph.grad, curvature.log_curvature,
                        curvature.pool.features))
    torch.testing.assert_close(results[1][0], results[0][0], equal_nan=True)
    torch.testing.assert_close(results[1][1][2:], results[0][1])
    assert (results[1][1][:2] == 0).all()
    for before, after in zip(results[0][2:], results[1][2:]):
        torch.testing.assert_close(after, before, equal_nan=True)


@pytest.mark.parametrize('live', LIVES)
def test_rows_beyond_the_room_of_their_class_get_no_gradient(live):
    labels = torch.zeros(20).long()
    features = Drift(20).features
    results = []
    for rows in (slice(0, 20), slice(8, 20)):
        curvature = filled(
            features[:12] + 1,
            labels[:12],
            live=live,
            pool=dict(addressing='fifo'))
        own = features[rows].clone().requires_grad_()
        log_g = curvature(own, labels[rows])
        log_g[0].backward()
        results.append((log_g[0].item(), own.grad))
    assert results[0][0] == results[1][0]
    assert (results[0][1][:8] == 0).all()
    torch.testing.assert_close(results[0][1][8:], results[1][1])


LIVE = torch.tensor([0, 0, 1, 0])
LIVE_VALUES = torch.tensor([0.3, -1., 2., math.nan]).double()
HELD = torch.tensor([0.5, 1., 2.]).double()


def estimate(log_g):
    values = LIVE_VALUES.clone().requires_grad_()
    part = _minibatch_gradient(values, LIVE, log_g)
    assert torch.equal(part, torch.zeros(3).double())
    part.sum().backward()
    return values.grad


def test_slope_of_the_mean_is_the_share_of_each_point_over_the_live_ones():
    expected = LIVE_VALUES - HELD[LIVE]
    expected = expected.exp() / torch.tensor([2, 2, 1, 2])
    expected[3] = 0  # undetermined
    torch.testing.assert_close(estimate(HELD), expected)


@pytest.mark.parametrize('value', [math.nan, -math.inf])
def test_classes_without_a_curvature_have_no_slope(value):
    log_g = torch.tensor([value, 1., 2.]).double()
    assert ((estimate(log_g) != 0) == (LIVE == 1)).all()
