# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Estimates of pools that a number of bytes bounds."""
import pytest
import torch

from mmcurv.benchmark.planning.fitted_pool import fitted_pool
from mmcurv.benchmark.planning.model_size import pool_bytes
from mmcurv.benchmark.planning.pool_memory import pool_memory
from mmcurv.benchmark.planning.train_set import TrainSet
from mmcurv.engine.hooks import FeaturePoolHook
from mmcurv.samples import MIXED_MODES

COUNTS, P, K = [50, 20, 3], 8, 6
DATA = TrainSet(73, 3, 50, 3, COUNTS)
TOTAL = DATA._replace(counts=None)


def hook_with(layer='head.fc', **pool):
    return dict(layer=layer, pool=pool, curvature=dict(k=K))


def trained(hook, feature_dim=P):
    """The CurvatureStep of a hook that saw a batch."""
    step = FeaturePoolHook(**hook).step
    step.prepare(COUNTS, None)
    samples = [dict(sample_idx=i, gt_label=torch.tensor([0])) for i in (0, 1)]
    step(torch.randn(2, feature_dim), samples, torch.tensor(1.), 1, False)
    return step.curvature


@pytest.mark.parametrize('allowed', [1300, 2500, 4000, 10**6])
@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_estimate_is_what_the_run_takes(allowed, addressing):
    hook = hook_with(max_bytes=allowed, addressing=addressing)
    memory, curvature = pool_memory(hook, DATA, P), trained(hook)
    taken = [b.numel() * b.element_size() for b in curvature.buffers()]
    assert memory.pool + memory.cache == sum(taken) <= allowed
    features = curvature.pool.features
    assert pool_bytes(hook, COUNTS, P) == (
        features.numel() * features.element_size())


def test_layers_share_the_bytes():
    one = fitted_pool(hook_with(max_bytes=1500), DATA, P)
    two = fitted_pool(
        hook_with(['a', 'b'], max_bytes=3000), DATA, 2 * P, layers=2)
    assert one == two and one['max_per_class'] < 50


def test_processes_that_divide_the_classes_hold_more_of_each():
    hook = hook_with(max_bytes=1500, layout='sharded')
    one, two = (fitted_pool(hook, DATA, P, processes=n) for n in (1, 2))
    assert one['max_per_class'] < (two['max_per_class'] or 51)
    memory = pool_memory(hook, DATA, P, processes=2)
    assert memory.pool + memory.cache <= 1500


def test_choice_that_depends_on_unknown_sizes_is_unknown():
    whole = fitted_pool(hook_with(max_bytes=3300), TOTAL, P)
    assert whole['dtype'] == torch.float16 and not whole['max_per_class']
    assert fitted_pool(hook_with(max_bytes=1500), TOTAL, P) is None
    assert pool_memory(hook_with(max_bytes=1500), TOTAL, P) is None


@pytest.mark.parametrize(
    'pool', [dict(max_bytes=100),
             dict(max_bytes='x'),
             dict(dtype='x')])
def test_what_the_training_will_refuse_is_unknown(pool):
    assert fitted_pool(hook_with(**pool), DATA, P) is None


def test_pool_without_a_bound_is_as_its_options_say():
    for mixed in MIXED_MODES:
        found = fitted_pool(dict(mixed=mixed), DATA, P)
        assert found['dtype'] == torch.float32
        assert found['addressing'] == ('fifo'
                                       if mixed == 'dominant' else 'index')
