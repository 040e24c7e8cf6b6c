# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Bytes and operations that Curvature Regularization adds."""
import doctest
import math

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mmcurv.benchmark import curvature_cost
from mmcurv.benchmark.cost import (TrainSet, fitted_pool, is_indexed,
                                   pool_memory, pooled_images)
from mmcurv.benchmark.curvature_cost import (most_held, pool_bytes,
                                             step_operations)
from mmcurv.engine.curvature.sharding import class_owners
from mmcurv.regularization import FeaturePool, PooledCurvature

COUNTS = [300, 80, 20, 3]
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


@pytest.mark.parametrize('refresh, points', [('batch', 8), ('all', 60)])
def test_points_are_the_batch_or_the_pool(refresh, points):
    step = step_operations([10, 50], 4, 8, refresh, k=5)
    assert step.points == pytest.approx(points)


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


def bytes_of(module):
    return sum(b.numel() * b.element_size() for b in module.buffers())


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
@pytest.mark.parametrize(
    'dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('most', [None, 50, 1])
def test_bytes_are_those_of_all_buffers(addressing, dtype, most):
    pool = FeaturePool(COUNTS, 16, addressing, dtype, max_per_class=most)
    slots = sum(min(count, most or count) for count in COUNTS)
    size = pool_bytes(slots, 403, 4, 16, dtype, addressing == 'index')
    assert size.total == bytes_of(PooledCurvature(pool))
    assert size.features == pool.features.numel() * dtype.itemsize
    assert size.features + size.places == bytes_of(pool)


@pytest.mark.parametrize('processes', [1, 2, 3, 5])
def test_most_held_is_that_of_the_fullest_process(processes):
    owners = class_owners(COUNTS, processes)
    held = [
        int(torch.tensor(COUNTS)[owners == rank].sum())
        for rank in range(processes)
    ]
    assert most_held(COUNTS, processes) == max(held)


def test_example_in_docstring_is_true():
    result = doctest.testmod(curvature_cost)
    assert result.attempted and not result.failed


SIZES, P = [50, 20, 3], 8
DATA = TrainSet(73, 3, 50, 3, SIZES)
TOTAL = DATA._replace(counts=None)


def buffer_bytes(module, recurse):
    return sum(buffer.numel() * buffer.element_size()
               for buffer in module.buffers(recurse))


@pytest.mark.parametrize('options', [
    dict(),
    dict(dtype='float16'),
    dict(dtype='float64', max_per_class=10),
    dict(dtype='bfloat16', addressing='fifo', max_per_class=4),
])
def test_bytes_are_those_of_a_filled_pool(options):
    made = dict(options, dtype=getattr(torch, options.get('dtype', 'float32')))
    pool = FeaturePool(SIZES, P, **made)
    labels = torch.tensor([0, 1, 2]).repeat_interleave(torch.tensor(SIZES))
    indices = None if 'addressing' in options else torch.arange(73)
    pool.push(torch.randn(73, P), labels, indices)
    curvature = PooledCurvature(pool)
    memory = pool_memory(dict(pool=options), DATA, P)
    assert pool.fill().sum() == pooled_images(dict(pool=options), DATA)
    assert memory.pool == buffer_bytes(pool, True)
    assert memory.cache == buffer_bytes(curvature, False)


def test_each_layer_has_its_pool():
    one, three = (pool_memory({}, DATA, n * P, n) for n in (1, 3))
    assert three.pool == 3 * one.pool
    assert three.cache == 3 * one.cache
    assert three.work == one.work


def test_divided_pool_is_that_of_the_fullest_process():
    """Two of three classes go to one process, the largest to the other."""
    two = pool_memory({}, DATA, P, processes=2)
    pool = FeaturePool(SIZES, P, classes=torch.tensor([True, False, False]))
    assert two.pool == buffer_bytes(pool, True)
    assert two.cache == buffer_bytes(PooledCurvature(pool), False)
    shared = pool_memory({}, TOTAL, P, processes=3)
    assert shared.cache == math.ceil(73 / 3) * 12 + 1


def test_scratch_has_a_bound():
    free = pool_memory({}, DATA, P).work
    bound = pool_memory(dict(curvature=dict(max_memory=1)), DATA, P).work
    assert free - bound == 3 * 50 * 50 * 4 - 1
    assert bound == 3 * 50 * P * 4 + 1


@pytest.mark.parametrize('most, slots', [(None, 73), (50, 73), (3, 9),
                                         (10, None)])
def test_total_tells_the_slots_unless_some_classes_are_capped(most, slots):
    hook = dict(pool=dict(max_per_class=most))
    assert pooled_images(hook, TOTAL) == slots
    assert (pool_memory(hook, TOTAL, P) is None) == (slots is None)


def test_pool_of_unknown_dtype_has_no_size():
    assert fitted_pool(dict(pool=dict(dtype='x'))) is None
    assert pool_memory(dict(pool=dict(dtype='x')), DATA, P) is None


@pytest.mark.parametrize('hook, indexed', [
    (dict(), True),
    (dict(mixed='dominant'), False),
    (dict(mixed='dominant', pool=dict(addressing='index')), True),
    (dict(pool=dict(addressing='fifo')), False),
])
def test_mixed_images_have_no_slot_of_their_own(hook, indexed):
    assert is_indexed(hook) == indexed
