# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mmcurv.regularization import FeaturePool, PooledCurvature
from mmcurv.regularization.step_operations import step_operations

N, P, BATCH, K = 300, 256, 32, 20


def counted_by_torch(**options):
    """Multiply-adds of matrix products in a step, forward and backward."""
    torch.manual_seed(0)
    pool = FeaturePool([N], feature_dim=P)
    curvature = PooledCurvature(pool, k=K, **options)
    labels = torch.zeros(N, dtype=torch.long)
    pool.push(torch.randn(N, P), labels, torch.arange(N))
    curvature.measure_all()
    features = torch.randn(BATCH, P, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        log_g = curvature(features, labels[:BATCH], torch.arange(BATCH))
        log_g.sum().backward()
    return counter.get_total_flops() / 2


@pytest.mark.parametrize('options', [
    dict(),
    dict(tangent_dim=3),
    dict(refresh='all'),
])
def test_count_is_that_of_torch(options):
    """torch counts matrix products: neither eigenvectors nor the squared
    norms, nor what solves a system."""
    step = step_operations([N], P, BATCH, k=K, **options)
    products = step.total - step.eigen - N * P
    assert products == pytest.approx(counted_by_torch(**options), rel=0.1)


@pytest.mark.parametrize('refresh, points', [('batch', 8), ('all', 60),
                                             ('class', 10 + 50)])
def test_points_are_the_batch_or_the_pool(refresh, points):
    """A batch of 8 of 60 images nearly always meets both classes."""
    step = step_operations([10, 50], 4, 8, refresh, k=5)
    assert step.points == pytest.approx(points, rel=0.05)


def test_points_of_met_classes_are_the_mean_over_batches():
    sizes = np.array([3, 7, 40])
    labels = np.repeat(np.arange(3), sizes)
    drawn = np.random.default_rng(0).choice(labels, (20000, 4))
    mean = np.mean([sizes[np.unique(batch)].sum() for batch in drawn])
    step = step_operations(sizes, 4, 4, 'class')
    assert step.points == pytest.approx(mean, rel=0.01)


def test_distances_are_to_the_class_of_each_image():
    sizes, p, batch = np.array([3, 7, 40]), 5, 4
    labels = np.repeat(np.arange(3), sizes)
    drawn = np.random.default_rng(0).choice(labels, (20000, batch))
    products = sizes[drawn].sum(1).mean()
    norms = np.mean([sizes[np.unique(one)].sum() for one in drawn])
    step = step_operations(sizes, p, batch)
    assert step.distances == pytest.approx(p * (products + norms), rel=0.01)


def test_cap_of_the_pool_leaves_the_draws_as_they_are():
    capped = step_operations([1000, 10], 4, 8, max_per_class=10)
    drawn = np.array([1000, 10]) / 1010
    met = (1 - (1 - drawn)**8).sum()
    assert capped.points == pytest.approx(8)
    assert capped.distances == pytest.approx(4 * (8 * 10 + met * 10))


def test_even_classes_need_fewest_distances():
    even = step_operations([50] * 4, 4, 8)
    assert step_operations([170, 10, 10, 10], 4, 8).distances > even.distances
