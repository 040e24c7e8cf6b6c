# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The plan of a matrix: states, times from ended runs, troubles."""
import io
import os.path as osp

import pytest
from rich.console import Console

from mmcurv.benchmark import plan as module
from mmcurv.benchmark.matrix import Matrix, read_matrix
from mmcurv.benchmark.plan import (PlanRun, number_ranges, plan_runs,
                                   plan_summary, plan_table)
from mmcurv.benchmark.run_folder import STATES, RunState, write_failure
from tests.benchmark.matrix_file import BUNDLED_CONTENT, write_matrix
from tests.benchmark.synthetic_runs import small_specs, spec
from tests.benchmark.trained_folder import leave_record
from tests.tools.tool_runs import load_tool

MATRIX = Matrix('small', 'A small matrix', '', None, {}, 'small.yml', [])
LONG = 'detach_max=False, live=batch, tau=1e6, and some more of the same kind'


def printed(renderable, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue().splitlines()


def plan(**changes):
    """Of each cell with a config one run is done, two take a minute."""
    runs = []
    for one in small_specs():
        state, left = RunState('missing', None, 200), 60.
        if one.config is None:
            state, left = RunState('no config'), 0.
        elif one.seed == 0:
            state, left = RunState('done', 200, 200), 0.
        runs.append(PlanRun(one._replace(**changes), state, left))
    return runs


def summary(*runs):
    return '\n'.join(printed(plan_summary(list(runs)), width=200))


def run(kind, seconds=60., reason=None, log=None, **changes):
    return PlanRun(
        spec(**changes), RunState(kind, 3, 20, reason, log),
        seconds if STATES[kind].is_open else 0.)


def test_cells_have_one_line_each_and_share_what_is_equal():
    lines = printed(plan_table(MATRIX, plan()))
    assert lines[:3] == [
        'A small matrix', 'small.yml',
        'Data CIFAR-10-LT, Model ResNet-32, Seeds 0–2'
    ]
    rows = [line.split() for line in lines if '100' in line.split()]
    assert len(rows) == 6
    assert rows[1] == 'CE + CR 100 200 1 done, 2 not run 2 min 0 s'.split()
    assert rows[-1] == 'BBN + CR 100 – 3 no config –'.split()


def test_runs_have_one_line_each():
    lines = printed(plan_table(MATRIX, plan(), True))
    rows = [line.split() for line in lines if '100' in line.split()]
    assert len(rows) == 18
    assert rows[0] == 'CE 100 0 200 of 200 done –'.split()
    assert rows[1] == 'CE 100 1 0 of 200 not run 1 min 0 s'.split()


@pytest.mark.parametrize('by_run', [False, True])
def test_long_names_wrap_and_nothing_is_cut(by_run):
    lines = printed(plan_table(MATRIX, plan(variant=LONG), by_run))
    assert max(map(len, lines)) <= 100
    text = ' '.join(' '.join(lines).split())
    assert '…' not in text
    for word in LONG.split():
        assert word in text


@pytest.mark.parametrize('numbers, text', [
    ([0], '0'),
    ([2, 0, 1], '0–2'),
    ([0, 1, 3, 7, 8], '0–1, 3, 7–8'),
    ([], ''),
])
def test_neighbouring_numbers_are_joined(numbers, text):
    assert number_ranges(numbers) == text


def test_time_is_that_of_ended_runs_of_the_same_config(monkeypatch):
    monkeypatch.setattr(module, 'spec_hash', lambda one: one.method)
    runs = [spec(seed=seed) for seed in range(5)] + [spec(method='Focal')]
    states = [
        RunState('done', 20, 20, seconds=50.),
        RunState('done', 20, 20, seconds=70.),
        RunState('missing', None, 20),
        RunState('partial', 5, 20),
        RunState('other run', 5, 20),
        RunState('missing', None, 20)
    ]
    plans = plan_runs(runs, {
        one.folder: state
        for one, state in zip(runs, states)
    })
    assert [one.seconds_left for one in plans] == [0., 0., 60., 45., 0., None]


def test_totals_say_how_much_of_the_time_is_known():
    text = summary(run('missing'), run('missing'), run('done'))
    assert '3 runs: 1 done, 2 not run' in text
    assert ('2 runs to train: about 2 min 0 s, one after another, as long as '
            'ended runs of the same config.') in text
    unknown = run('missing', None)
    assert ('2 runs to train: about 1 min 0 s, one after another, as long as '
            'ended runs of the same config, and 1 run of unknown time.'
            ) in summary(run('missing'), unknown)
    assert '1 run to train: their time is not known' in summary(unknown)
    assert 'to train' not in summary(run('done'))


def test_each_trouble_has_its_reason_and_where_to_look():
    text = summary(
        run('failed', reason='exit code 1: KeyError: [x]', log='a/b.log'),
        run('other run', reason='another hash', seed=1), run('done'))
    assert ('FAILED small: CE, CIFAR-10-LT if100, ResNet-32, seed 0\n'
            '  Reason: exit code 1: KeyError: [x]\n  Log: a/b.log') in text
    assert 'OF ANOTHER RUN small: CE, CIFAR-10-LT if100, ResNet-32' in text
    assert f'Reason: another hash\n  Folder: {spec(seed=1).folder}' in text


@pytest.fixture
def main():
    return load_tool('benchmark').main


@pytest.fixture
def matrix(tmp_path):
    return write_matrix(tmp_path, dict(BUNDLED_CONTENT, seeds=[0, 1]))


def test_command_shows_cells_totals_and_failures(main, matrix, tmp_path,
                                                 capsys):
    root = str(tmp_path / 'runs')
    plain, _, twin, _ = read_matrix(matrix, root).runs
    leave_record(plain, seconds=50.)
    write_failure(twin.folder, 1, 'ValueError: no')
    assert main(['plan', matrix, '--root', root]) == 0
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines()
            if line.strip()[:2] == 'CE']  # yapf: disable
    assert rows[0] == 'CE 1 done, 1 not run 50 s'.split()
    assert rows[1] == 'CE + CR 1 failed, 1 not run ?'.split()
    assert '4 runs: 1 done, 1 failed, 2 not run' in text
    assert 'Reason: exit code 1: ValueError: no' in text
    assert f'Log: {osp.join(twin.folder, "console.log")}' in text


def test_seeds_that_are_not_asked_for_tell_the_time(main, matrix, tmp_path,
                                                    capsys):
    root = str(tmp_path / 'runs')
    leave_record(read_matrix(matrix, root).runs[0], seconds=50.)
    main(['plan', matrix, '--root', root, '--only', 'cr=false', 'seed=1'])
    text = capsys.readouterr().out
    assert '1 run: 1 not run' in text and 'about 50 s' in text


def test_runs_are_listed_if_asked_for_and_nothing_is_written(
        main, matrix, tmp_path, capsys):
    root = tmp_path / 'runs'
    assert main(['plan', matrix, '--runs', '--root', str(root)]) == 0
    assert '0 of 20' in capsys.readouterr().out
    assert not root.exists()


@pytest.mark.parametrize('arguments, words', [
    (['--only', 'method=CEE'], "unknown method 'CEE': did you mean 'CE'?"),
    (['--without', 'cr=true', '--without', 'cr=false'
      ], '--without: no run is left'),
    (['none.yml'], "found none at 'none.yml'"),
])
def test_wrong_input_exits_with_2(arguments, words, main, matrix, capsys):
    assert main(['plan', matrix, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_broken_configs_are_listed_before_anything_else(
        main, tmp_path, capsys):
    path = write_matrix(tmp_path, BUNDLED_CONTENT, options={'modle.type': 'x'})
    assert main(['plan', path]) == 2
    captured = capsys.readouterr()
    assert '2 configs cannot be trained:' in captured.err
    assert captured.out == ''


def test_matrix_is_given_once(main, matrix, capsys):
    assert main(['plan', matrix, matrix]) == 2
    assert 'have one name' in capsys.readouterr().err
