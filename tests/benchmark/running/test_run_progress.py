# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import io
from pathlib import Path

import pytest
from rich.console import Console

from mmcurv.benchmark.running import run_progress
from mmcurv.benchmark.running.local_workers import LocalWorkers, Running
from mmcurv.benchmark.running.planned_run import Ending
from mmcurv.benchmark.running.run_progress import RunProgress
from mmcurv.benchmark.running.run_queue import RunQueue
from mmcurv.benchmark.running.worker_plan import Worker
from tests.benchmark.fake_runs import epoch_evaluated, fake_run, let_go

NAME = 'CE, Toy if100, ResNet-8, seed '


@pytest.fixture(autouse=True)
def look_all_the_time(monkeypatch):
    monkeypatch.setattr(run_progress, 'LOOK_SECONDS', 0)


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

        workers = LocalWorkers([Worker(1)])
        RunQueue(workers, watch_and_act, lambda: None, poll=0.01).run(runs)
    return out.getvalue()


def test_pipe_gets_one_line_for_each_event(tmp_path):
    runs = [fake_run(tmp_path, 0, fail_at=1), fake_run(tmp_path, 1)]
    lines = told(runs, terminal=False, total=5, done=3).splitlines()
    assert [line.partition(', about')[0] for line in lines] == [
        f'started   {NAME}0',
        f'failed    {NAME}0: exit code 1: RuntimeError: no luck in epoch 1; '
        '1 left',
        f'started   {NAME}1',
        f'done      {NAME}1: 0 left',
    ]


def test_line_says_where_a_begun_run_goes_on(tmp_path):
    told([fake_run(tmp_path, epochs=3, fail_at=3)], terminal=False)
    text = told([fake_run(tmp_path, epochs=3)], terminal=False)
    assert text.startswith(f'started   {NAME}0: goes on after epoch 2\n')


def test_terminal_shows_epoch_and_time_left_of_what_runs(tmp_path):
    run = fake_run(tmp_path, epochs=5, hold_at=2)
    looks = []

    def release(queue):
        if epoch_evaluated(run, 2):
            looks.append(0)
        if len(looks) > 3:
            let_go(run)

    text = told([run], terminal=True, act=release)
    assert f'{NAME}0  epoch 2 of 5  0 s' in text
    assert '0 done, 0 failed, 1 left, about ' in text


def test_time_is_left_out_if_a_run_does_not_say_how_long_it_is(tmp_path):
    run = fake_run(tmp_path)._replace(epochs=None)
    text = told([run], terminal=True)
    assert '0 done, 0 failed, 1 left' in text
    assert 'about' not in text


def test_run_of_another_process_and_a_full_disk_are_told(tmp_path):
    out = io.StringIO()
    watch = RunProgress(Console(file=out, width=100), 2)
    run = fake_run(tmp_path)
    watch('elsewhere', Ending(run, 'running', 'process 17 on node3'))
    watch('started', Running(run, 0.))
    watch('ended', Ending(run, 'stopped'))
    watch('lacking', '3 MB are free')
    assert out.getvalue().splitlines() == [
        f'elsewhere {NAME}0: process 17 on node3 trains it; waiting for that',
        f'started   {NAME}0', f'stopped   {NAME}0',
        '3 MB are free. What runs goes on; free some space and give the '
        'command again for the rest.'
    ]


def test_names_are_no_markup(tmp_path):
    run = fake_run(tmp_path)
    run = run._replace(spec=run.spec._replace(variant='[bold]a[/]'))
    assert '[bold]a[/]' in told([run], terminal=True)
    assert Path(run.folder, 'run.json').exists()
