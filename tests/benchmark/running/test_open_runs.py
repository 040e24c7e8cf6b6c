# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.running import open_runs as module
from mmcurv.benchmark.running.open_runs import open_runs
from mmcurv.benchmark.running.planned_run import PlannedRun
from mmcurv.benchmark.running.run_command import run_command
from mmcurv.benchmark.states.run_state import RunState
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.config import StageEpochs
from tests.benchmark.fake_runs import make_spec

CONFIG = 'configs/ce/ce_resnet8_fashion-mini-if100.py'


@pytest.fixture
def states(monkeypatch):
    """Let seeds be in these states, whatever lies in their folders."""
    known = {}
    monkeypatch.setattr(module, 'run_state',
                        lambda spec: RunState(*known[spec.seed]))
    monkeypatch.setattr(module, 'broken_configs', lambda specs, build: [])
    return known


def specs(states, **changes):
    changes = {'config': CONFIG, **changes}
    return [make_spec(f'out/seed{seed}', seed, **changes) for seed in states]


def test_begun_runs_come_first_then_the_order_of_the_matrix(states):
    kinds = ('missing', 'failed', 'done', 'partial', 'running', 'missing',
             'partial')
    states.update({seed: (kind, ) for seed, kind in enumerate(kinds)})
    todo = open_runs(specs(states))
    assert [run.spec.seed for run in todo.runs] == [4, 3, 6, 0, 1, 5]
    assert todo.done == 1
    assert todo.without_config == 0


def test_run_knows_its_command_and_its_epochs(states):
    states[7] = 'missing', None, 20
    (spec, ) = specs(states)
    (run, ) = open_runs([spec]).runs
    assert run == PlannedRun(spec, run_command(spec), 20,
                             (StageEpochs('', 20), ))


def test_runs_without_config_are_counted(states):
    states[0] = ('missing', )
    todo = open_runs(specs(states) + specs(states, config=None))
    assert (len(todo.runs), todo.without_config) == (1, 1)


def test_all_that_is_wrong_is_named_at_once(states, monkeypatch):
    states.update({
        0: ('unreadable', None, None, 'cut short'),
        1: ('missing', ),
        2: ('other run', None, None, 'has seed 5')
    })
    broken = make_spec('out/broken', config='configs/broken.py')
    monkeypatch.setattr(
        module, 'broken_configs',
        lambda specs, build: [('configs/broken.py', 'no such')]
        if build else [])
    with pytest.raises(UsageError) as info:
        open_runs([*specs(states), broken])
    assert str(info.value).splitlines() == [
        'nothing was started, because of:', '  configs/broken.py: no such',
        '  out/seed0: cut short', '  out/seed2: has seed 5'
    ]
