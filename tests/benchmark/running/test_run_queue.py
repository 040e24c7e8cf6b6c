# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import time
from pathlib import Path

import pytest

from mmcurv.benchmark.running import local_workers, run_queue
from mmcurv.benchmark.running.local_workers import LocalWorkers
from mmcurv.benchmark.running.run_queue import RunQueue
from mmcurv.benchmark.running.start_run import start_run
from mmcurv.benchmark.running.train_run import finish_run
from mmcurv.benchmark.running.worker_plan import Worker
from mmcurv.benchmark.states.run_lock import is_locked
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, let_go,
                                       snapshot, starts, wait_for)


class Watch:
    """Remembers the events, and calls ``on_look`` in each round."""

    def __init__(self, on_look=lambda queue: None):
        self.events = []
        self._on_look = on_look

    def __call__(self, event, what):
        if event == 'look':
            self._on_look(what)
        else:
            self.events.append((event, what))

    def names(self):
        return [event for event, _ in self.events]


@pytest.fixture(autouse=True)
def look_elsewhere_at_once(monkeypatch):
    monkeypatch.setattr(run_queue, 'LOOK_ELSEWHERE_SECONDS', 0.05)


def make_queue(workers=2, watch=None, lack=lambda: None, stop=()):
    return RunQueue(
        LocalWorkers([Worker(1)] * workers), watch or Watch(), lack, stop,
        0.01)


def finish_once(attempt, stopped=False):
    """What the other benchmark does when its training has ended."""
    run = attempt.run
    if attempt.process.poll() is not None and is_locked(run.folder):
        finish_run(attempt, stopped)


def kinds(endings):
    return {ending.run.spec.seed: ending.kind for ending in endings}


def test_one_failing_run_does_not_stop_the_others(tmp_path):
    runs = [
        fake_run(tmp_path, 0, fail_at=1),
        fake_run(tmp_path, 1),
        fake_run(tmp_path, 2, killed_at=1),
        fake_run(tmp_path, 3)
    ]
    endings = make_queue().run(runs)
    assert kinds(endings) == {0: 'failed', 1: 'done', 2: 'failed', 3: 'done'}
    assert all(starts(run) == ['epoch 1 alone'] for run in runs)


def test_no_more_runs_at_a_time_than_workers(tmp_path):
    most = []
    watch = Watch(lambda queue: most.append(len(queue.workers.running())))
    runs = [fake_run(tmp_path, seed, seconds=0.05) for seed in range(5)]
    endings = make_queue(2, watch).run(runs)
    assert kinds(endings) == dict.fromkeys(range(5), 'done')
    assert max(most) == 2


def test_runs_start_in_the_order_given(tmp_path):
    watch = Watch()
    runs = [fake_run(tmp_path, seed) for seed in (2, 0, 1)]
    make_queue(1, watch).run(runs)
    started = [
        what.run.spec.seed for event, what in watch.events
        if event == 'started'
    ]
    assert started == [2, 0, 1]
    assert watch.names() == ['started', 'ended'] * 3


def test_each_worker_has_its_own_gpu(tmp_path):
    workers = LocalWorkers([Worker(1, '0'), Worker(1, '5')])
    runs = [fake_run(tmp_path, seed, hold_at=1) for seed in range(2)]

    def release(queue):
        if all(epoch_evaluated(run, 1) for run in runs):
            for run in runs:
                let_go(run)

    RunQueue(workers, Watch(release), lambda: None, poll=0.01).run(runs)
    seen = [
        json.loads((Path(run.folder) / 'environment').read_text())
        for run in runs
    ]
    assert [each['CUDA_VISIBLE_DEVICES'] for each in seen] == ['0', '5']


def test_run_that_cannot_be_started_does_not_stop_the_others(
        tmp_path, monkeypatch):

    def start(run, *args):
        if run.spec.seed == 0:
            raise PermissionError(13, 'Permission denied', run.folder)
        return start_run(run, *args)

    monkeypatch.setattr(local_workers, 'start_run', start)
    endings = make_queue().run([fake_run(tmp_path, s) for s in range(2)])
    assert kinds(endings) == {0: 'failed', 1: 'done'}
    assert 'could not be started: [Errno 13]' in endings[0].reason


def test_run_trained_elsewhere_is_waited_for_and_not_started(tmp_path):
    held, other = fake_run(tmp_path, 0, hold_at=1), fake_run(tmp_path, 1)
    attempt = start_run(held)

    def release(queue):
        if any(end.run == other for end in queue.endings):
            let_go(held)
        finish_once(attempt)

    watch = Watch(release)
    endings = make_queue(1, watch).run([held, other])
    assert kinds(endings) == {0: 'done', 1: 'done'}
    assert starts(held) == ['epoch 1 alone']
    assert watch.names() == ['elsewhere', 'started', 'ended', 'ended']


def test_run_killed_elsewhere_goes_on_here(tmp_path):
    run = fake_run(tmp_path, epochs=3, hold_at=2)
    attempt = start_run(run)
    wait_for(lambda: epoch_evaluated(run, 2))

    def kill(queue):
        if queue.elsewhere:
            let_go(run)
            attempt.process.kill()
            finish_once(attempt, stopped=True)

    endings = make_queue(1, Watch(kill)).run([run])
    assert kinds(endings) == {0: 'done'}
    assert starts(run) == ['epoch 1 alone', 'epoch 3 alone']


def test_run_failed_elsewhere_is_told_and_not_tried_again(tmp_path):
    run = fake_run(tmp_path, fail_at=2, hold_at=1)
    attempt = start_run(run)
    wait_for(lambda: epoch_evaluated(run, 1))

    def fail(queue):
        let_go(run)
        if queue.elsewhere:
            finish_once(attempt)

    endings = make_queue(1, Watch(fail)).run([run])
    assert kinds(endings) == {0: 'failed'}
    assert endings[0].reason == 'it failed in the other process'
    assert starts(run) == ['epoch 1 alone']


def test_full_disk_starts_nothing_more_and_lets_the_running_end(tmp_path):
    runs = [fake_run(tmp_path, seed, hold_at=1) for seed in range(3)]
    answers = [None, '3 MB are free']

    def release(queue):
        if queue.lack:
            let_go(runs[0])

    watch = Watch(release)
    queue = make_queue(2, watch, lambda: answers.pop(0))
    endings = queue.run(runs)
    assert kinds(endings) == {0: 'done'}
    assert queue.lack == '3 MB are free'
    assert list(queue.waiting) == runs[1:]
    assert watch.names() == ['started', 'lacking', 'ended']
    assert not Path(runs[1].folder).exists()


def test_stop_ends_what_runs_and_the_next_time_it_goes_on(tmp_path):
    runs = [
        fake_run(tmp_path, 0),
        *(fake_run(tmp_path, seed, epochs=3, hold_at=2) for seed in (1, 2))
    ]
    stop = []

    def stop_in_epoch_2(queue):
        if epoch_evaluated(runs[1], 2) and queue.endings:
            stop.append(15)

    endings = make_queue(2, Watch(stop_in_epoch_2), stop=stop).run(runs)
    assert kinds(endings)[0] == 'done'
    assert kinds(endings)[1] == 'stopped'
    assert not any(is_locked(run.folder) for run in runs)
    before = snapshot(runs[0].folder)
    for run in runs[1:]:
        Path(run.folder).mkdir(exist_ok=True)
        let_go(run)
    endings = make_queue().run(runs)
    assert kinds(endings) == dict.fromkeys(range(3), 'done')
    assert starts(runs[1]) == ['epoch 1 alone', 'epoch 3 alone']
    assert snapshot(runs[0].folder) == before


def test_error_of_the_program_leaves_no_training_behind(tmp_path):
    run = fake_run(tmp_path, hold_at=1)

    def break_down(queue):
        if starts(run):
            raise RuntimeError('broken')

    with pytest.raises(RuntimeError, match='broken'):
        make_queue(1, Watch(break_down)).run([run])
    assert not is_locked(run.folder)


def test_nothing_to_do_ends_at_once(tmp_path):
    before = time.monotonic()
    assert make_queue().run([]) == []
    assert time.monotonic() - before < 1
