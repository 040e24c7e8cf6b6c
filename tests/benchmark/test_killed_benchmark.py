# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Benchmarks that are killed in the middle, in processes of their own."""
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from mmcurv.benchmark import queue as module
from mmcurv.benchmark.queue import RunQueue, Worker, stop_signals
from mmcurv.engine.run_lock import is_locked
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, is_done,
                                       let_go, snapshot, starts, training,
                                       wait_for)


def run_benchmark(runs, workers=2):
    """Train runs; gives their endings by seed."""
    with stop_signals() as stop:
        queue = RunQueue([Worker()] * workers, stop=stop, poll=0.01)
        endings = queue.run(runs)
    return {ending.run.spec.seed: ending.kind for ending in endings}


@pytest.fixture
def benchmark():
    """Start a benchmark in a process of its own."""
    # A fork has everything imported already.
    context = multiprocessing.get_context('fork')
    processes = []

    def start(runs):
        process = context.Process(target=run_benchmark, args=(runs, ))
        process.start()
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.join()


@pytest.fixture(autouse=True)
def look_elsewhere_at_once(monkeypatch):
    monkeypatch.setattr(module, 'LOOK_ELSEWHERE_SECONDS', 0.05)


@pytest.fixture
def runs(tmp_path):
    """One that is done early, two that wait in epoch 2 of 3."""
    runs = [
        fake_run(tmp_path, 0, epochs=1),
        fake_run(tmp_path, 1, epochs=3, hold_at=2),
        fake_run(tmp_path, 2, epochs=3, hold_at=2),
    ]
    yield runs
    for run in runs:  # whatever a failed test left
        if is_locked(run.folder):
            os.kill(training(run), signal.SIGKILL)


def reach_the_middle(runs):
    wait_for(lambda: is_done(runs[0]))
    wait_for(lambda: all(epoch_evaluated(run, 2) for run in runs[1:]))


def kill(process):
    process.kill()
    process.join()


def test_all_killed_at_once_goes_on_where_it_was(benchmark, runs):
    process = benchmark(runs)
    reach_the_middle(runs)
    kill(process)
    for run in runs[1:]:
        os.kill(training(run), signal.SIGKILL)
        wait_for(lambda: not is_locked(run.folder))
        let_go(run)
    finished = snapshot(runs[0].folder)
    assert run_benchmark(runs) == dict.fromkeys(range(3), 'done')
    assert snapshot(runs[0].folder) == finished
    assert starts(runs[0]) == ['epoch 1 alone']
    for run in runs[1:]:
        assert starts(run) == ['epoch 1 alone', 'epoch 3 alone']


def test_killed_while_saving_goes_on_from_the_checkpoint_before(
        benchmark, runs):
    process = benchmark(runs)
    reach_the_middle(runs)
    kill(process)
    for run in runs[1:]:
        os.kill(training(run), signal.SIGKILL)
        wait_for(lambda: not is_locked(run.folder))
        let_go(run)
    half = Path(runs[1].folder) / 'epoch_2.pth'
    half.write_bytes(half.read_bytes()[:700])
    assert run_benchmark(runs) == dict.fromkeys(range(3), 'done')
    assert starts(runs[1]) == ['epoch 1 alone', 'epoch 2 alone']
    assert starts(runs[2]) == ['epoch 1 alone', 'epoch 3 alone']


def test_trainings_that_outlive_their_benchmark_are_waited_for(
        benchmark, runs):
    process = benchmark(runs)
    reach_the_middle(runs)
    trainings = [training(run) for run in runs[1:]]
    kill(process)
    assert all(is_locked(run.folder) for run in runs[1:])
    second = benchmark(runs)
    second.join(0.5)
    assert second.is_alive()
    assert [training(run) for run in runs[1:]] == trainings
    for run in runs[1:]:
        let_go(run)
    second.join(60)
    assert second.exitcode == 0
    for run in runs:
        assert starts(run) == ['epoch 1 alone']
        assert is_done(run)


def test_two_benchmarks_at_once_train_every_run_once(benchmark, tmp_path):
    runs = [fake_run(tmp_path, seed, seconds=0.05) for seed in range(6)]
    both = [benchmark(runs), benchmark(runs[::-1])]
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    for run in runs:
        assert starts(run) == ['epoch 1 alone']
        assert is_done(run)


@pytest.mark.parametrize('number',
                         [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_trainings_and_the_same_command_goes_on(
        benchmark, runs, number):
    process = benchmark(runs)
    reach_the_middle(runs)
    os.kill(process.pid, number)
    process.join(60)
    assert process.exitcode == 0
    for run in runs[1:]:
        assert not is_locked(run.folder)
        assert not (Path(run.folder) / 'failure.json').exists()
        let_go(run)
    assert run_benchmark(runs) == dict.fromkeys(range(3), 'done')
    assert starts(runs[1]) == ['epoch 1 alone', 'epoch 3 alone']
