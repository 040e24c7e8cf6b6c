# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from mmcurv.benchmark.running import train_run as module
from mmcurv.benchmark.running.planned_run import Ending
from mmcurv.benchmark.running.start_run import start_run
from mmcurv.benchmark.running.train_run import finish_run, stop_runs, train_run
from mmcurv.benchmark.states.last_good_checkpoint import is_whole_zip
from mmcurv.benchmark.states.run_lock import is_locked
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, let_go,
                                       snapshot, starts, wait_for)
from tests.benchmark.fake_training import write_checkpoint


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
    assert json.loads(read(run, 'run.json'))['schema'] == 'mmcurv.run'
    assert not is_locked(run.folder)


def test_training_gets_its_threads_and_its_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '4,5')
    run = fake_run(tmp_path)
    train_run(run, threads=3, gpu='5')
    assert json.loads(read(run, 'environment')) == {
        'OMP_NUM_THREADS': '3',
        'MKL_NUM_THREADS': '3',
        'CUDA_VISIBLE_DEVICES': '5'
    }
    other = fake_run(tmp_path, seed=1)
    train_run(other, threads=1)
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
    assert f'--resume {run.folder}/epoch_1.pth' in log


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
    attempt = start_run(healed)
    assert not (Path(run.folder) / 'failure.json').exists()
    let_go(run)
    wait_for(lambda: attempt.process.poll() is not None)
    assert finish_run(attempt).kind == 'done'
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
    assert 'wrote no run.json' in ending.reason
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


@pytest.mark.parametrize('content', ['{"schema": "mmcurv.run"}', '{"sche', ''])
def test_run_with_a_record_is_never_touched(tmp_path, content):
    run = fake_run(tmp_path)
    folder = fill(run, 1)
    (folder / 'run.json').write_text(content)
    before = snapshot(folder)
    assert train_run(run) == Ending(run, 'done')
    assert snapshot(folder) == before


def test_second_start_sees_the_first_and_starts_nothing(tmp_path):
    run = fake_run(tmp_path, hold_at=1)
    first = start_run(run)
    second = start_run(run)
    assert second.kind == 'running'
    assert second.reason.startswith(f'process {first.process.pid} on ')
    wait_for(lambda: starts(run))
    let_go(run)
    wait_for(lambda: first.process.poll() is not None)
    assert finish_run(first).kind == 'done'
    assert starts(run) == ['epoch 1 alone']


def test_damaged_newest_checkpoint_is_named_and_the_one_before_used(tmp_path):
    run = fake_run(tmp_path, epochs=4)
    folder = fill(run, 3)
    whole = (folder / 'epoch_3.pth').read_bytes()
    (folder / 'epoch_3.pth').write_bytes(whole[:len(whole) // 2])
    assert train_run(run).kind == 'done'
    assert starts(run) == ['epoch 3 alone']
    assert f'{folder}/epoch_3.pth is damaged and was skipped' in read(
        run, 'console.log')
    assert is_whole_zip(folder / 'epoch_3.pth')


def test_run_without_a_whole_checkpoint_starts_anew(tmp_path):
    run = fake_run(tmp_path)
    folder = fill(run, 1)
    (folder / 'epoch_1.pth').write_bytes(b'')
    assert train_run(run).kind == 'done'
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
    monkeypatch.setattr(module, 'lack_of_space', lambda *args: '3 MB are free')
    run = fake_run(tmp_path, fail_at=1)
    assert train_run(run).reason.endswith('epoch 1; 3 MB are free')


def test_stopped_training_is_no_failure_and_goes_on_later(tmp_path):
    run = fake_run(tmp_path, epochs=3, hold_at=2)
    attempt = start_run(run)
    wait_for(lambda: epoch_evaluated(run, 2))
    stop_runs([attempt])
    assert finish_run(attempt, stopped=True) == Ending(run, 'stopped')
    assert not (Path(run.folder) / 'failure.json').exists()
    assert train_run(fake_run(tmp_path, epochs=3)).kind == 'done'
    assert starts(run) == ['epoch 1 alone', 'epoch 3 alone']


def test_watcher_that_is_interrupted_takes_the_training_along(
        tmp_path, monkeypatch):

    def interrupt(seconds):
        raise KeyboardInterrupt

    run = fake_run(tmp_path, hold_at=1)
    monkeypatch.setattr(module, 'POLL_SECONDS', -1)
    sleep = module.time.sleep
    monkeypatch.setattr(module.time, 'sleep', lambda s: interrupt(s)
                        if s < 0 else sleep(s))
    with pytest.raises(KeyboardInterrupt):
        train_run(run)
    assert not is_locked(run.folder)
    assert not (Path(run.folder) / 'failure.json').exists()
