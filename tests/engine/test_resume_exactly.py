# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A run that is killed and resumed ends as the uninterrupted one, bit for bit.

All runs are real processes that end by SIGKILL; see resume_runs.py.
"""
import json
import os
import subprocess
import sys

import pytest
import torch

from mmcurv import compat

compat.apply()

KILLS = {
    'before_cr_starts':
    dict(kill=dict(iteration=16)),
    'in_an_epoch_with_cr':
    dict(kill=dict(iteration=33)),
    'in_validation':
    dict(kill=dict(val_epoch=2)),
    'just_after_a_save':
    dict(kill=dict(saved_epoch=3)),
    'half_way_through_a_save':
    dict(half_saved=dict(epoch=3, saves=1)),
    'half_way_through_the_second_save_of_the_best':
    dict(half_saved=dict(epoch=1, saves=2), save_best=True),
}
QUICK = ('in_an_epoch_with_cr', 'half_way_through_a_save')


@pytest.fixture(scope='module')
def runs(request, tmp_path_factory):
    """Final checkpoints: uninterrupted, and resumed after each kill that
    this session tests."""
    tested = {
        item.callspec.params['kill']
        for item in request.session.items
        if item.path == request.path and hasattr(item, 'callspec')
    }
    top = tmp_path_factory.mktemp('runs')
    jobs = []
    for name, regularize in (('cr', True), ('ce', False)):
        jobs.append(dict(work_dir=str(top / name), regularize=regularize))
    for name in filter(tested.__contains__, KILLS):
        ending = KILLS[name]
        run = dict(work_dir=str(top / name), regularize=True)
        run['save_best'] = ending.get('save_best', False)
        jobs += [dict(run, **ending), dict(run, resume=True)]
    run = dict(work_dir=str(top / 'ce_killed'), regularize=False)
    jobs += [dict(run, kill=dict(iteration=33)), dict(run, resume=True)]
    (top / 'jobs.json').write_text(json.dumps(jobs))
    subprocess.run(
        [sys.executable, '-m', 'tests.engine.resume_runs', top / 'jobs.json'],
        check=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'))
    return {
        path.name: torch.load(path / 'epoch_4.pth', weights_only=True)
        for path in top.iterdir() if path.is_dir()
    }


def differences(first, second, where=''):
    """Places at which two nested states differ in a bit."""
    if isinstance(first, dict):
        keys = first.keys() | second.keys()
        return [
            place for key in keys for place in differences(
                first.get(key), second.get(key), f'{where}.{key}')
        ]
    if isinstance(first, (list, tuple)) and len(first) == len(second):
        return [
            place for i, (a, b) in enumerate(zip(first, second))
            for place in differences(a, b, f'{where}.{i}')
        ]
    if isinstance(first, torch.Tensor):
        same = torch.equal(torch.nan_to_num(first), torch.nan_to_num(second))
        same &= torch.equal(first.isnan(), second.isnan())
    else:
        same = first == second
    return [] if same else [where]


STATES = ('state_dict', 'optimizer', 'param_schedulers', 'mmcurv_feature_pool',
          'mmcurv_random_state')


@pytest.mark.parametrize('kill', [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in KILLS
])
def test_run_with_cr_killed_and_resumed_ends_bit_for_bit_alike(runs, kill):
    whole, resumed = runs['cr'], runs[kill]
    for state in STATES:
        assert differences(whole[state], resumed[state], state) == []


def test_run_without_cr_killed_and_resumed_ends_bit_for_bit_alike(runs):
    for state in set(STATES) - {'mmcurv_feature_pool'}:
        assert differences(runs['ce'][state], runs['ce_killed'][state]) == []


def test_comparison_sees_that_cr_changes_the_weights(runs):
    assert differences(runs['ce']['state_dict'], runs['cr']['state_dict'])


def test_pool_in_the_checkpoint_is_full_and_measured(runs):
    state, = runs['cr']['mmcurv_feature_pool']['layers'].values()
    state = state['curvature']
    assert state['pool.arrived'].tolist() == [
        160, 100, 60, 36, 22, 14, 9, 6, 4, 2
    ]
    # Flat points (-inf) of the small network count; two images do not.
    assert (~state['log_curvature'].isnan()).sum() >= 400
