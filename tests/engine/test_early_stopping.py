# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""EarlyStoppingHook ends a run beside FeaturePoolHook."""
import pytest
import torch

from tests.engine.curvature_run import LAYER, build, pool_hook, scalars
from tests.engine.toy_run import COUNTS, val_parts

STOP = dict(
    type='EarlyStoppingHook',
    monitor='fairness/overall',
    rule='greater',
    min_delta=200.,  # nothing is better by so much: two records and the end
    patience=1)
STEPS = -(-sum(COUNTS) // 16)


@pytest.fixture(scope='module', params=['stop_first', 'stop_last'])
def stopped(request, tmp_path_factory):
    hooks = [STOP, pool_hook(start_epoch=1)]
    if request.param == 'stop_last':
        hooks.reverse()
    work_dir = tmp_path_factory.mktemp('run')
    runner = build(work_dir, *hooks, max_epochs=5, **val_parts())
    runner.train()
    return runner, work_dir


def test_run_with_cr_stops_early(stopped):
    runner, _ = stopped
    assert runner.epoch == 2
    assert len(scalars(runner, 'loss_curvature')) == 2 * STEPS


def test_stopped_run_leaves_no_tap_on_the_model(stopped):
    model = stopped[0].model
    assert not model._forward_hooks
    assert not model.get_submodule(LAYER)._forward_pre_hooks


def test_checkpoint_of_a_stopped_run_holds_the_pool(stopped):
    saved = torch.load(stopped[1] / 'epoch_2.pth', weights_only=True)
    pool = saved['mmcurv_feature_pool']['layers'][LAYER]['curvature']
    assert pool['pool.arrived'].tolist() == list(COUNTS)
