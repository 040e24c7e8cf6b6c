# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmcurv.benchmark.planning.fitted_pool import fitted_pool, is_indexed
from mmcurv.benchmark.planning.pool_memory import pool_memory, pooled_images
from mmcurv.benchmark.planning.train_set import TrainSet
from mmcurv.regularization import FeaturePool, PooledCurvature

COUNTS, P = [50, 20, 3], 8
DATA = TrainSet(73, 3, 50, 3, COUNTS)
TOTAL = DATA._replace(counts=None)


def bytes_of(module, recurse):
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
    pool = FeaturePool(COUNTS, P, **made)
    labels = torch.tensor([0, 1, 2]).repeat_interleave(torch.tensor(COUNTS))
    indices = None if 'addressing' in options else torch.arange(73)
    pool.push(torch.randn(73, P), labels, indices)
    curvature = PooledCurvature(pool)
    memory = pool_memory(dict(pool=options), DATA, P)
    assert pool.fill().sum() == pooled_images(dict(pool=options), DATA)
    assert memory.pool == bytes_of(pool, True)
    assert memory.cache == bytes_of(curvature, False)


def test_each_layer_has_its_pool():
    one, three = (pool_memory({}, DATA, n * P, n) for n in (1, 3))
    assert three.pool == 3 * one.pool
    assert three.cache == 3 * one.cache
    assert three.work == one.work


def test_divided_pool_is_that_of_the_fullest_process():
    """Two of three classes go to one process, the largest to the other."""
    two = pool_memory({}, DATA, P, processes=2)
    pool = FeaturePool(COUNTS, P, classes=torch.tensor([True, False, False]))
    assert two.pool == bytes_of(pool, True)
    assert two.cache == bytes_of(PooledCurvature(pool), False)
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
