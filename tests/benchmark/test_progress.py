# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the terminal tells of a benchmark."""
import io

import pytest
from rich.console import Console

from mmcurv.benchmark import progress as module
from mmcurv.benchmark.progress import LogReader, RunProgress, duration
from mmcurv.benchmark.queue import Ending, RunQueue, Worker
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, is_done,
                                       let_go)

NAME = 'CE, Toy if100, ResNet-8, seed '
LOG = """\
11/30 08:34:19 - mmengine - INFO - Stage 2 of 2: classifier.
11/30 08:34:19 - mmengine - INFO - Epoch(train)  [3][20/39]  lr: 6.0000e-02  \
eta: 1 day, 0:00:07  time: 0.1241  data_time: 0.0119  loss: 1.8461
11/30 08:34:31 - mmengine - INFO - Epoch(val) [3][8/8]    accuracy/top1: \
30.3000  fairness/overall: 30.3000
"""


@pytest.fixture(autouse=True)
def look_all_the_time(monkeypatch):
    monkeypatch.setattr(module, 'LOOK_SECONDS', 0)


def told(runs, terminal, total=None, done=0, act=lambda queue: None):
    """What is written while runs are trained."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=terminal, width=100, color_system=None)
    with RunProgress(console, total or len(runs), done) as watch:

        def watch_and_act(event, what):
            watch(event, what)
            if event == 'look':
                act(what)

        RunQueue([Worker()], watch_and_act, poll=0.01).run(runs)
    return out.getvalue()


def test_pipe_gets_one_line_for_each_event(tmp_path):
    runs = [fake_run(tmp_path, 0, fail_at=1), fake_run(tmp_path, 1)]
    lines = told(runs, terminal=False, total=5, done=3).splitlines()
    assert [line.partition(', about')[0] for line in lines] == [
        f'started   {NAME}0: {runs[0].folder}/console.log',
        f'failed    {NAME}0: exit code 1: RuntimeError: no luck in epoch 1; '
        '1 left',
        f'started   {NAME}1: {runs[1].folder}/console.log',
        f'done      {NAME}1: 0 left',
    ]


def test_terminal_shows_epoch_time_left_and_accuracy_of_what_runs(tmp_path):
    run = fake_run(tmp_path, epochs=5, hold_at=2)
    looks = []

    def release(queue):
        if epoch_evaluated(run, 2):
            looks.append(0)
        if len(looks) > 3:
            let_go(run)

    text = told([run], terminal=True, act=release)
    assert '0 done, 0 failed, 1 left' in text
    (row, ) = {
        ' '.join(line.split())
        for line in text.replace('\r', '\n').splitlines()
        if 'epoch' not in line and '32.2000' in line
    } or {''}
    assert f'{NAME}0 2 of 5 0:00:07 32.2000' in row


def test_time_left_is_that_of_runs_that_ended_here(tmp_path):
    runs = [fake_run(tmp_path, seed, seconds=0.05) for seed in range(3)]
    lines = told(runs, terminal=False).splitlines()
    assert ': 2 left, about ' in lines[1] and ': 1 left, about ' in lines[3]
    assert lines[5].endswith(': 0 left')


def test_log_is_read_from_this_attempt_on_and_line_by_line(tmp_path):
    run = fake_run(tmp_path)._replace(stages=[20, 5])
    path = tmp_path / 'toy/ce/seed0/console.log'
    log = LogReader(run, start=4).look()
    assert (log.epoch, log.left, log.accuracy) == (None, '', '')
    path.parent.mkdir(parents=True)
    path.write_text('old\n' + LOG[:-60])
    log.look()
    assert (log.epoch, log.left, log.accuracy) == (23, '1 day, 0:00:07', '')
    path.write_text('old\n' + LOG)
    assert log.look().accuracy == '30.3000'
    assert log.look().epoch == 23


def test_run_of_another_process_and_a_full_disk_are_told(tmp_path):
    out = io.StringIO()
    watch = RunProgress(Console(file=out, width=100), 2)
    run = fake_run(tmp_path)
    watch('elsewhere', Ending(run, 'running', 'process 17 on node3'))
    watch('ended', Ending(run, 'stopped'))
    watch('lacking', '3 MB are free')
    assert out.getvalue().splitlines() == [
        f'elsewhere {NAME}0: process 17 on node3 trains it; waiting for that',
        f'stopped   {NAME}0',
        '3 MB are free. What runs goes on; free some space and give the '
        'command again for the rest.'
    ]


def test_names_are_no_markup(tmp_path):
    run = fake_run(tmp_path)
    run = run._replace(spec=run.spec._replace(variant='[bold]a[/]'))
    assert '[bold]a[/]' in told([run], terminal=True)
    assert is_done(run)


@pytest.mark.parametrize('seconds, words', [
    (0, '0 s'), (59.4, '59 s'), (60, '1 min 0 s'), (187, '3 min 7 s'),
    (3600, '1 h 0 min'), (7530, '2 h 6 min'), (172800, '2 d 0 h'),
    (200000, '2 d 8 h')
])  # yapf: disable
def test_duration_has_two_units(seconds, words):
    assert duration(seconds) == words
