# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import fcntl
import os
import os.path as osp
import subprocess
import sys

import pytest

from mmcurv.benchmark.states.failure_record import write_failure
from mmcurv.benchmark.states.run_lock import NAME as LOCK
from mmcurv.benchmark.states.run_state import KINDS, OPEN, RunState, run_state
from mmcurv.files import write_json
from tests.benchmark.trained_folder import (bundled_spec, leave_checkpoint,
                                            leave_record)

HOLD = """
import fcntl, sys
file = open(sys.argv[1], 'w')
fcntl.flock(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path):
    return bundled_spec(tmp_path)


def test_kinds_are_distinct_and_open_ones_are_among_them():
    assert len(set(KINDS)) == len(KINDS) == 8
    assert set(OPEN) < set(KINDS)


def test_run_without_config_is_no_config(tmp_path):
    assert run_state(bundled_spec(tmp_path,
                                  config=None)) == RunState('no config')


def test_run_without_folder_is_missing(run):
    assert run_state(run) == RunState('missing', None, 20)


def test_epochs_are_those_of_the_options(tmp_path):
    run = bundled_spec(tmp_path, options={'train_cfg.max_epochs': 2})
    assert run_state(run).epochs == 2


def test_newest_checkpoint_makes_a_run_partial(run):
    for epoch in (9, 10):
        leave_checkpoint(run, epoch)
    assert run_state(run) == RunState('partial', 10, 20)


def test_record_of_the_run_makes_it_done(run):
    leave_record(run)
    assert run_state(run) == RunState('done', 20, 20)


def test_record_counts_more_than_checkpoints_and_failures(run):
    leave_checkpoint(run)
    write_failure(run.folder, 1, 'x', 'console.log')
    leave_record(run)
    assert run_state(run).kind == 'done'


def test_failure_tells_its_reason_and_log_and_keeps_the_epoch(run):
    leave_checkpoint(run, 4)
    write_failure(run.folder, 1, 'KeyError: 1', 'console.log')
    assert run_state(run) == RunState('failed', 4, 20,
                                      'exit code 1: KeyError: 1',
                                      osp.join(run.folder, 'console.log'))


def test_failure_by_a_signal_needs_no_code(run):
    write_failure(run.folder, -9, 'killed by SIGKILL', 'console.log')
    assert run_state(run).reason == 'killed by SIGKILL'


def test_failure_that_cannot_be_read_is_one_all_the_same(run):
    write_json(osp.join(run.folder, 'failure.json'), dict(schema='x'))
    state = run_state(run)
    assert (state.kind, state.log) == ('failed', None)
    assert 'failure.json cannot be read: KeyError' in state.reason


def test_lock_of_another_process_makes_a_run_running(run):
    leave_checkpoint(run, 5)
    write_failure(run.folder, 1, 'x', 'console.log')
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD,
         osp.join(run.folder, LOCK)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True)
    try:
        assert holder.stdout.readline() == 'held\n'
        assert run_state(run) == RunState('running', 5, 20)
        assert run_state(run).kind == 'running'  # looking takes no lock
    finally:
        holder.communicate('')
    assert run_state(run).kind == 'failed'


def test_lock_file_that_a_killed_process_left_is_free(run):
    os.makedirs(run.folder)
    open(osp.join(run.folder, LOCK), 'w').close()
    assert run_state(run).kind == 'missing'


def test_two_who_look_are_no_training(run):
    os.makedirs(run.folder)
    with open(osp.join(run.folder, LOCK), 'w') as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert run_state(run).kind == 'missing'


@pytest.mark.parametrize('change, words', [
    (lambda path, record: open(path, 'w').write('{"schema": "mmc'),
     'expected the record of a run as JSON'),
    (lambda path, record: write_json(path, dict(record, schema_version=2)),
     'expected schema version 1, got 2'),
    (lambda path, record: write_json(path, dict(record, config=None)),
     'expected config in the record, found none'),
    (lambda path, record: write_json(path, {
        k: v
        for k, v in record.items() if k != 'seed'
    }), 'expected seed in the record, found none'),
])
def test_record_that_cannot_be_read_is_kept_and_named(change, words, run):
    record = leave_record(run)
    change(osp.join(run.folder, 'run.json'), record)
    state = run_state(run)
    assert state.kind == 'unreadable'
    assert words in state.reason
    assert 'Nothing was changed.' in state.reason


def test_record_of_another_config_names_both_hashes_and_the_change(tmp_path):
    run = bundled_spec(tmp_path)
    leave_checkpoint(run)
    hash_ = leave_record(run)['config']['hash']
    changed = bundled_spec(tmp_path, options={'train_cfg.max_epochs': 2})
    state = run_state(changed)
    assert state.kind == 'other run'
    assert hash_[:12] in state.reason
    assert 'train_cfg.max_epochs was 20 and is 2' in state.reason


def test_record_of_another_seed_names_both(tmp_path):
    run = bundled_spec(tmp_path, seed=5)
    leave_record(run)
    state = run_state(bundled_spec(tmp_path, folder=run.folder))
    assert state.kind == 'other run'
    assert 'it has seed 5, the matrix 0.' in state.reason


def test_checkpoints_of_another_config_are_not_gone_on_from(tmp_path):
    leave_checkpoint(bundled_spec(tmp_path))
    write_failure(
        bundled_spec(tmp_path).folder, 1, 'lr too high', 'console.log')
    changed = bundled_spec(
        tmp_path, options={'train_dataloader.batch_size': 32})
    state = run_state(changed)
    assert (state.kind, state.epoch) == ('other run', 3)
    assert 'another training: train_dataloader.batch_size' in state.reason


def test_checkpoints_with_a_damaged_config_are_unreadable(run):
    leave_checkpoint(run)
    path = osp.join(run.folder, osp.basename(run.config))
    with open(path, 'w') as file:
        file.write('a = (')
    assert run_state(run).kind == 'unreadable'
