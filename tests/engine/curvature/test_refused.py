# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What FeaturePoolHook refuses when it is built, or before the first step."""
import pytest
from mmengine.model import MMFullyShardedDataParallel

from mmcurv.engine.hooks import FeaturePoolHook
from tests.engine.curvature_run import build, pool_hook


@pytest.mark.parametrize('options, said', [
    (dict(start_epoch=0), 'counted from 1'),
    (dict(start_epoch=5.5), 'counted from 1, got 5.5. Give a whole number'),
    (dict(start_epoch=float('nan')), 'counted from 1, got nan'),
    (dict(tau_share=0), 'expected 0 < tau_share < inf, got 0'),
    (dict(tau_share=float('inf')), 'tau_share < inf, got inf'),
    (dict(tau_share=float('nan')), 'tau_share < inf, got nan'),
    (dict(loss=dict(tau=1)), 'tau must be finite and greater than 1, got 1'),
    (dict(loss=dict(tau=float('nan'))), 'greater than 1, got nan'),
    (dict(mixed='maybe'), "one of .*'skip', 'dominant'"),
    (dict(refresh='never'), 'refresh must be one of'),
    (dict(live='always'), 'live must be one of'),
    (dict(measure='volume'), 'measure must be one of'),
    (dict(control='both'), 'control must be one of'),
    (dict(alpha=0.3), "alpha=0.3 needs control='gradient'"),
    (dict(control='gradient', alpha=0), 'alpha must be .* got 0'),
    (dict(control='gradient', loss=dict(tau=10)), "tau .* control='value'"),
    (dict(control='gradient', loss=dict(type='mmcurv.BalancedSoftmaxLoss')),
     'needs a loss with a method penalty.* got BalancedSoftmaxLoss'),
    (dict(measure='random'), "measure='random' .* needs control='gradient'"),
    (dict(curvature=dict(refresh='all')), 'refresh is an option of the hook'),
    (dict(refresh='class'), 'refresh must be one of'),
    (dict(curvature=dict(k=2)), 'k=2'),
    (dict(curvature=dict(k=float('nan'))), 'k must be .* got nan'),
    (dict(curvature=dict(tangent_dim=float('nan'))), 'tangent_dim .* nan'),
    (dict(curvature=dict(ridge=float('nan'))), 'ridge must be .* got nan'),
    (dict(curvature=dict(max_memory=float('inf'))), 'max_memory .* got inf'),
    (dict(loss=dict(eps=float('nan'))), 'got eps=nan'),
    (dict(loss=dict(max_weight=float('inf'))), 'max_weight=inf'),
    (dict(pool=dict(max_per_class=float('nan'))), 'max_per_class .* got nan'),
    (dict(pool=dict(class_counts=[float('nan')])), r'got \[nan\]'),
    (dict(layer=[]), r'a list of names, got \[\]'),
    (dict(layer=[0]), r'a list of names, got \[0\]'),
    (dict(layer=['head.fc', 'a', 'head.fc']), "got 'head.fc' more than once"),
])
def test_wrong_option_fails_when_the_hook_is_built(options, said):
    with pytest.raises(ValueError, match=said):
        FeaturePoolHook(**options)


@pytest.mark.parametrize('error, pool', [
    (TypeError, dict(max_perclass=3)),
    (TypeError, dict(layout='sharded')),
    (TypeError, dict(storage='file')),
    (TypeError, dict(max_bytes='8 GiB')),
    (ValueError, dict(dtype='flaot32')),
    (ValueError, dict(dtype='int64')),
    (ValueError, dict(addressing='random')),
])
def test_wrong_pool_option_fails_when_the_hook_is_built(error, pool):
    with pytest.raises(error, match='|'.join(pool)):
        FeaturePoolHook(pool=pool)


@pytest.mark.parametrize('option', [
    dict(reduction='mean'),
    dict(gradient='both'),
    dict(nomralize=True),
])
def test_unknown_curvature_option_is_named_when_the_hook_is_built(option):
    name = next(iter(option))
    with pytest.raises(
            TypeError, match=f"PooledCurvature.* argument '{name}'"):
        FeaturePoolHook(curvature=option)


def test_second_hook_is_refused(tmp_path):
    runner = build(tmp_path, pool_hook(), pool_hook())
    with pytest.raises(ValueError, match='expected one FeaturePoolHook'):
        runner.train()


def test_fully_sharded_model_is_refused_before_the_first_step(tmp_path):
    runner = build(tmp_path)
    runner.model = MMFullyShardedDataParallel.__new__(
        MMFullyShardedDataParallel)
    with pytest.raises(RuntimeError, match='got MMFullySharded'):
        FeaturePoolHook().before_train(runner)


@pytest.mark.parametrize('error, said, options', [
    (ValueError, r"'head\.fcc' is no layer.*Did you mean 'head\.fc'\?",
     dict(layer='head.fcc')),
    (ValueError, r"'nowhere' is no layer.*'head\.fc'", dict(layer='nowhere')),
    (ValueError, 'fewer classes than the head',
     dict(pool=dict(class_counts=[120, 45]))),
])
def test_run_that_does_not_fit_stops_before_the_first_step(
        tmp_path, error, said, options):
    runner = build(tmp_path, pool_hook(**options))
    with pytest.raises(error, match=f'(?s){said}'):
        runner.train()
    assert all(p.grad is None for p in runner.model.parameters())
