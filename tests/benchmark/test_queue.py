# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings side by side: workers, one attempt, the queue, the disk."""
import json
import os
import shutil
import signal
import time
from collections import namedtuple
from datetime import datetime
from pathlib import Path

import pytest

from mmcurv.arguments import UsageError
from mmcurv.benchmark import queue as module
from mmcurv.benchmark.queue import (LEAST_SPACE, Ending, RunQueue, Training,
                                    Worker, lack_of_space, last_error_line,
                                    plan_workers, stop_signals, stop_trainings,
                                    train_run)
from mmcurv.engine.run_lock import is_locked
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, let_go,
                                       snapshot, starts, wait_for)
from tests.benchmark.fake_training import write_checkpoint


def test_each_core_trains_one_run_with_one_thread():
    assert plan_workers(4) == [Worker(1, None)] * 4


def test_more_threads_leave_fewer_workers():
    assert plan_workers(8, threads=3) == [Worker(3, None)] * 2
    assert plan_workers(8, workers=2, threads=4) == [Worker(4, None)] * 2


def test_each_gpu_has_one_worker():
    assert plan_workers(16, ['0', '3']) == [Worker(1, '0'), Worker(1, '3')]
    assert plan_workers(16, ['0', '3'], workers=1) == [Worker(1, '0')]


def test_gpus_beyond_the_cores_stay_idle():
    assert plan_workers(2, ['0', '1', '2']) == [Worker(1, '0'), Worker(1, '1')]


@pytest.mark.parametrize('asked, message', [
    (dict(workers=3), '3 workers with 1 threads each need 3 cores'),
    (dict(workers=2, threads=2), 'need 4 cores, and there are 2'),
    (dict(threads=3), 'need 3 cores, and there are 2'),
])
def test_more_threads_than_cores_are_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        plan_workers(2, **asked)


def test_more_workers_than_gpus_share_them():
    shared = plan_workers(8, ['0', '1'], workers=3)
    assert [worker.gpu for worker in shared] == ['0', '1', '0']


@pytest.mark.parametrize('asked', [dict(workers=0), dict(threads=0)])
def test_no_worker_and_no_thread_are_refused(asked):
    with pytest.raises(UsageError, match='expected at least 1, got 0'):
        plan_workers(2, **asked)


def read(run, name):
    return (Path(run.folder) / name).read_text()


def fill(run, epochs):
    """What an interrupted training left."""
    folder = Path(run.folder)
    folder.mkdir(parents=True)
    for epoch in range(1, epochs + 1):
        write_checkpoint(folder, epoch)
    return folder


def test_run_is_trained_to_its_record(tmp_path):
    run = fake_run(tmp_path)
    assert train_run(run) == Ending(run, 'done')
    assert starts(run) == ['epoch 1 alone']
    assert json.loads(read(run, 'run.json'))['state'] == 'done'
    assert not is_locked(run.folder)


def test_training_gets_its_threads_and_its_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '4,5')
    run = fake_run(tmp_path)
    train_run(run, Worker(3, '5'))
    assert json.loads(read(run, 'environment')) == {
        'OMP_NUM_THREADS': '3',
        'MKL_NUM_THREADS': '3',
        'CUDA_VISIBLE_DEVICES': '5'
    }
    other = fake_run(tmp_path, seed=1)
    train_run(other)
    assert json.loads(read(other,
                           'environment'))['CUDA_VISIBLE_DEVICES'] == '4,5'


def test_log_holds_the_command_and_all_output_of_all_attempts(tmp_path):
    run = fake_run(tmp_path, fail_at=2)
    train_run(run)
    train_run(run)
    log = read(run, 'console.log')
    assert log.count('training epoch 1\n') == 1
    assert log.count('training epoch 2\n') == 2
    assert log.count('RuntimeError: no luck in epoch 2') == 2
    assert log.count(' '.join(run.command)) == 2


def test_failure_is_recorded_with_the_last_error_of_the_log(tmp_path):
    run = fake_run(tmp_path, fail_at=1)
    ending = train_run(run)
    assert ending == Ending(run, 'failed',
                            'exit code 1: RuntimeError: no luck in epoch 1')
    failure = json.loads(read(run, 'failure.json'))
    created = datetime.fromisoformat(failure.pop('created'))
    assert created.utcoffset().total_seconds() == 0
    assert failure == dict(
        schema='mmcurv.failure',
        schema_version=1,
        exit_code=1,
        reason='RuntimeError: no luck in epoch 1',
        log='console.log')
    assert not is_locked(run.folder)


def test_new_attempt_removes_the_failure_and_goes_on(tmp_path):
    run = fake_run(tmp_path, epochs=3, fail_at=2)
    train_run(run)
    healed = fake_run(tmp_path, epochs=3, hold_at=2)
    attempt = Training(healed)
    assert not (Path(run.folder) / 'failure.json').exists()
    let_go(run)
    wait_for(attempt.has_ended)
    assert attempt.ending().kind == 'done'
    assert starts(run) == ['epoch 1 alone', 'epoch 2 alone']


def test_reason_is_of_this_attempt_and_not_of_an_earlier_one(tmp_path):
    run = fake_run(tmp_path, fail_at=1)
    train_run(run)
    second = fake_run(tmp_path, epochs=0, exit_code=3)
    second.command.append('--no-record')
    ending = train_run(second)
    assert ending.reason == 'exit code 3: no message'


def test_training_that_ends_well_without_a_record_has_failed(tmp_path):
    run = fake_run(tmp_path, no_record=True)
    ending = train_run(run)
    assert ending.kind == 'failed'
    assert 'without a whole run.json' in ending.reason
    failure = json.loads(read(run, 'failure.json'))
    assert failure['exit_code'] == 0
    assert failure['reason'] == ending.reason


def test_training_that_a_signal_ends_has_failed_by_it(tmp_path):
    run = fake_run(tmp_path, killed_at=2)
    ending = train_run(run)
    assert ending.kind == 'failed'
    assert ending.reason.startswith('killed by SIGKILL; often because')
    assert json.loads(read(run, 'failure.json'))['exit_code'] == -9


def test_error_after_the_record_leaves_the_run_done(tmp_path):
    run = fake_run(tmp_path, exit_code=4)
    assert train_run(run) == Ending(run, 'done',
                                    'exit code 4 after the record')
    assert not (Path(run.folder) / 'failure.json').exists()


@pytest.mark.parametrize('content', ['{"state": "done"}', '{"sche', '', '[]'])
def test_run_with_a_record_is_never_touched(tmp_path, content):
    run = fake_run(tmp_path)
    folder = fill(run, 1)
    (folder / 'run.json').write_text(content)
    before = snapshot(folder)
    assert train_run(run) == Ending(run, 'done')
    assert snapshot(folder) == before


def test_second_start_sees_the_first_and_starts_nothing(tmp_path):
    run = fake_run(tmp_path, hold_at=1)
    first = Training(run)
    with pytest.raises(
            BlockingIOError, match=f'process {first.process.pid} on '):
        Training(run)
    assert train_run(run).kind == 'running'
    wait_for(lambda: starts(run))
    let_go(run)
    wait_for(first.has_ended)
    assert first.ending().kind == 'done'
    assert starts(run) == ['epoch 1 alone']


@pytest.mark.skipif(
    not os.path.exists('/dev/full'), reason='needs a disk that is full')
def test_full_disk_is_a_failure_like_others(tmp_path):
    run = fake_run(tmp_path, full_disk_at=2)
    ending = train_run(run)
    assert ending.kind == 'failed'
    assert 'OSError: [Errno 28] No space left on device' in ending.reason


def test_failure_without_room_for_its_record_is_told(tmp_path, monkeypatch):

    def write_failure(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, 'write_failure', write_failure)
    run = fake_run(tmp_path, fail_at=1)
    ending = train_run(run)
    assert ending.kind == 'failed'
    assert ending.reason.endswith(
        'failure.json was not written: No space left on device')
    assert not is_locked(run.folder)


def test_disk_without_room_is_named_beside_the_error(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'lack_of_space', lambda *_: '3 MB are free')
    run = fake_run(tmp_path, fail_at=1)
    assert train_run(run).reason.endswith('epoch 1; 3 MB are free')


def test_stopped_training_is_no_failure_and_goes_on_later(tmp_path):
    run = fake_run(tmp_path, epochs=3, hold_at=2)
    attempt = Training(run)
    wait_for(lambda: epoch_evaluated(run, 2))
    stop_trainings([attempt])
    assert attempt.ending(stopped=True) == Ending(run, 'stopped')
    assert not (Path(run.folder) / 'failure.json').exists()
    assert train_run(fake_run(tmp_path, epochs=3)).kind == 'done'
    assert starts(run) == ['epoch 1 alone', 'epoch 3 alone']


def test_watcher_that_is_interrupted_takes_the_training_along(
        tmp_path, monkeypatch):

    def interrupt(seconds):
        raise KeyboardInterrupt

    run = fake_run(tmp_path, hold_at=1)
    sleep = module.time.sleep
    monkeypatch.setattr(module.time, 'sleep', lambda s: interrupt(s)
                        if s < 0 else sleep(s))
    with pytest.raises(KeyboardInterrupt):
        train_run(run, poll=-1)
    assert not is_locked(run.folder)
    assert not (Path(run.folder) / 'failure.json').exists()


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
    monkeypatch.setattr(module, 'LOOK_ELSEWHERE_SECONDS', 0.05)


def make_queue(workers=2, watch=lambda *event: None, stop=()):
    return RunQueue([Worker()] * workers, watch, stop, 0.01)


def finish_once(attempt, stopped=False):
    """What the other benchmark does when its training has ended."""
    run = attempt.run
    if attempt.has_ended() and is_locked(run.folder):
        attempt.ending(stopped)


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
    watch = Watch(lambda queue: most.append(len(queue.busy)))
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
    workers = [Worker(1, '0'), Worker(1, '5')]
    runs = [fake_run(tmp_path, seed, hold_at=1) for seed in range(2)]

    def release(queue):
        if all(epoch_evaluated(run, 1) for run in runs):
            for run in runs:
                let_go(run)

    RunQueue(workers, Watch(release), poll=0.01).run(runs)
    seen = [
        json.loads((Path(run.folder) / 'environment').read_text())
        for run in runs
    ]
    assert [each['CUDA_VISIBLE_DEVICES'] for each in seen] == ['0', '5']


def test_run_that_cannot_be_started_does_not_stop_the_others(tmp_path):
    runs = [fake_run(tmp_path, seed) for seed in range(2)]
    Path(runs[0].folder).parent.mkdir(parents=True)
    Path(runs[0].folder).touch()
    endings = make_queue().run(runs)
    assert kinds(endings) == {0: 'failed', 1: 'done'}
    assert 'could not be started: [Errno 17]' in endings[0].reason


def test_run_trained_elsewhere_is_waited_for_and_not_started(tmp_path):
    held, other = fake_run(tmp_path, 0, hold_at=1), fake_run(tmp_path, 1)
    attempt = Training(held)

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
    attempt = Training(run)
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
    attempt = Training(run)
    wait_for(lambda: epoch_evaluated(run, 1))

    def fail(queue):
        let_go(run)
        if queue.elsewhere:
            finish_once(attempt)

    endings = make_queue(1, Watch(fail)).run([run])
    assert kinds(endings) == {0: 'failed'}
    assert endings[0].reason == 'it failed in the other process'
    assert starts(run) == ['epoch 1 alone']


def test_full_disk_starts_nothing_more_and_lets_the_running_end(
        tmp_path, monkeypatch):
    runs = [fake_run(tmp_path, seed, hold_at=1) for seed in range(3)]
    answers = ['', '3 MB are free']
    monkeypatch.setattr(module, 'lack_of_space', lambda *_: answers.pop(0)
                        if answers else '')

    def release(queue):
        if queue.lack:
            let_go(runs[0])

    watch = Watch(release)
    queue = make_queue(2, watch)
    endings = queue.run(runs)
    assert kinds(endings) == {0: 'done'}
    assert queue.lack == '3 MB are free'
    assert list(queue.waiting) == runs[1:]
    assert watch.names() == ['started', 'lacking', 'ended']
    assert not Path(runs[1].folder).exists()


def test_ten_of_the_largest_checkpoints_seen_must_fit(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        module,
        'lack_of_space',
        lambda folder, largest=0: asked.append(largest) or '')
    runs = [fake_run(tmp_path, seed) for seed in range(2)]
    make_queue(1).run(runs)
    size = (Path(runs[0].folder) / 'epoch_1.pth').stat().st_size
    assert asked == [0, size]


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


Usage = namedtuple('Usage', 'total used free')


def test_disk_needs_200_mb_or_ten_checkpoints(tmp_path, monkeypatch):
    free = [LEAST_SPACE]
    monkeypatch.setattr(shutil, 'disk_usage',
                        lambda path: Usage(10**12, 0, free[0]))
    folder = str(tmp_path / 'not' / 'yet')
    assert lack_of_space(folder) == ''
    assert lack_of_space(folder, LEAST_SPACE // 10) == ''
    assert lack_of_space(folder, 10**9) == (
        f'191 MiB are free in {tmp_path}, and 9.31 GiB must be for another '
        'run to start')
    free[0] -= 10**6
    assert '191 MiB must be' in lack_of_space(folder)


TRACEBACK = """2026/01/01 - mmengine - INFO - Epoch(train) [1][20/39]
Traceback (most recent call last):
  File "train.py", line 1, in <module>
    raise KeyError(1)
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 3, in <module>
torch.OutOfMemoryError: CUDA out of memory.
Tried to allocate 2 GiB
UserWarning: something else
"""


def line(tmp_path, text, start=0):
    path = tmp_path / 'console.log'
    path.write_text(text)
    return last_error_line(str(path), start)


def test_last_error_is_found_among_what_follows(tmp_path):
    assert line(tmp_path,
                TRACEBACK) == ('torch.OutOfMemoryError: CUDA out of memory.')


@pytest.mark.parametrize('text', [
    'AssertionError', 'train.py: error: config: expected a file',
    'Segmentation fault (core dumped)', 'KeyboardInterrupt',
    'OSError: [Errno 28] No space left on device'
])
def test_errors_of_python_argparse_and_shells_are_known(tmp_path, text):
    assert line(tmp_path, f'a\n{text}\nlater words\n') == text


def test_without_an_error_the_last_line_counts(tmp_path):
    assert line(tmp_path, 'one\ntwo\n\n') == 'two'
    assert line(tmp_path, '') == ''
    assert last_error_line(str(tmp_path / 'gone')) == ''


def test_earlier_attempts_do_not_count(tmp_path):
    first = 'ValueError: old\n'
    assert line(tmp_path, first + 'new\n', len(first)) == 'new'


def test_line_is_cut_and_has_no_colours_and_no_bar(tmp_path):
    text = '10 %\r20 %\r\x1b[31mValueError: ' + 400 * 'x' + '\x1b[0m\n'
    found = line(tmp_path, text)
    assert found.startswith('ValueError: xxx')
    assert len(found) == 300


def test_signals_are_noted_and_handlers_restored():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as received:
        assert received == []
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert received == [signal.SIGTERM, signal.SIGINT]
    assert signal.getsignal(signal.SIGTERM) == before


def test_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as received:
            os.kill(os.getpid(), signal.SIGHUP)
        assert received == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
