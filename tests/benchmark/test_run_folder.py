# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How a run stands, and what its record must hold."""
import copy
import fcntl
import json
import os
import os.path as osp
import subprocess
import sys

import pytest

from mmcurv.benchmark.run_folder import (STATES, RunState, differences,
                                         has_ended, kept_part, read_run_record,
                                         run_state, signal_words,
                                         write_failure, write_job)
from mmcurv.engine.run_lock import NAME as LOCK
from mmcurv.files import write_json
from tests.benchmark.synthetic_runs import run_record, spec
from tests.benchmark.trained_folder import (bundled_spec, leave_begun,
                                            leave_checkpoint, leave_record)

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


def test_states_have_words_of_their_own():
    assert len({state.words for state in STATES.values()}) == len(STATES) == 9
    assert not any(STATES[kind].is_open
                   for kind in ('done', 'unreadable', 'other run'))


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
    assert run_state(run)[:3] == ('done', 20, 20)
    assert run_state(run).seconds > 0


def test_record_counts_more_than_checkpoints_and_failures(run):
    leave_checkpoint(run)
    write_failure(run.folder, 1, 'x')
    leave_record(run)
    assert run_state(run).kind == 'done'


def test_failure_tells_its_reason_and_log_and_keeps_the_epoch(run):
    leave_checkpoint(run, 4)
    write_failure(run.folder, 1, 'KeyError: 1')
    assert run_state(run) == RunState('failed', 4, 20,
                                      'exit code 1: KeyError: 1',
                                      osp.join(run.folder, 'console.log'))


def test_failure_by_a_signal_needs_no_code(run):
    write_failure(run.folder, -9, 'killed by SIGKILL')
    assert run_state(run).reason == 'killed by SIGKILL'


def test_failure_that_cannot_be_read_is_one_all_the_same(run):
    write_json(osp.join(run.folder, 'failure.json'), dict(schema='x'))
    state = run_state(run)
    assert (state.kind, state.log) == ('failed', None)
    assert 'failure.json cannot be read: KeyError' in state.reason


def test_lock_of_another_process_makes_a_run_running(run):
    leave_checkpoint(run, 5)
    write_failure(run.folder, 1, 'x')
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
     'expected mmcurv.run as JSON'),
    (lambda path, record: write_json(path, dict(record, schema_version=2)),
     'expected schema version 1 of mmcurv.run, got 2'),
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
    hash_ = leave_record(run)['config']['hash']
    changed = bundled_spec(tmp_path, options={'train_cfg.max_epochs': 2})
    state = run_state(changed)
    assert state.kind == 'other run'
    assert hash_[:12] in state.reason and 'max_epochs' not in state.reason
    leave_begun(run)
    assert 'train_cfg.max_epochs was 20 and is 2' in run_state(changed).reason
    switched = run._replace(cr=True, cr_switch=True)
    assert ("custom_hooks.0.type was absent and is 'mmcurv.FeaturePoolHook'"
            in run_state(switched).reason)


def test_record_of_another_seed_names_both(tmp_path):
    run = bundled_spec(tmp_path, seed=5)
    leave_record(run)
    state = run_state(bundled_spec(tmp_path, folder=run.folder))
    assert state.kind == 'other run'
    assert 'it has seed 5, the matrix 0.' in state.reason


def test_checkpoints_of_another_config_are_not_gone_on_from(tmp_path):
    leave_checkpoint(bundled_spec(tmp_path))
    write_failure(bundled_spec(tmp_path).folder, 1, 'lr too high')
    changed = bundled_spec(
        tmp_path, options={'train_dataloader.batch_size': 32})
    state = run_state(changed)
    assert (state.kind, state.epoch) == ('other run', 3)
    assert 'train_dataloader.batch_size was 64 and is 32' in state.reason


def test_checkpoints_that_no_record_tells_of_are_of_another_run(run):
    leave_checkpoint(run)
    os.remove(osp.join(run.folder, 'run.json'))
    state = run_state(run)
    assert (state.kind, state.epoch) == ('other run', 3)
    assert 'no run.json that says what they are of' in state.reason


def test_training_that_was_killed_before_it_saved_is_begun(run):
    leave_begun(run)
    assert run_state(run) == RunState('partial', None, 20)
    assert not has_ended(run.folder)
    leave_record(run)
    assert has_ended(run.folder)


def test_job_that_is_alive_makes_a_run_waiting(run):
    write_job(run.folder, 'slurm:12_3')
    write_failure(run.folder, 1, 'x')
    assert run_state(run, {'slurm:12_3'}).kind == 'waiting'
    assert run_state(run, {'slurm:12_4'}).kind == 'failed'
    leave_record(run)
    assert run_state(run, {'slurm:12_3'}).kind == 'done'


@pytest.mark.parametrize('old, new, words', [
    (dict(a=dict(b=1)), dict(a=dict(b=2)), 'a.b was 1 and is 2'),
    (dict(a=[1, 2]), dict(a=[1, 3]), 'a.1 was 2 and is 3'),
    (dict(a=1), dict(a=1.), 'a was 1 and is 1.0'),
    (dict(a=1), dict(a=1, b=[]), 'b was absent and is []'),
    (dict(a=1, b='x'), dict(a=1), "b was 'x' and is absent"),
    (dict(a=1), dict(a=1), ''),
])
def test_differences_are_named_by_dotted_key(old, new, words):
    assert differences(old, new) == words


def test_many_differences_are_cut_with_their_number():
    words = differences({c: 1 for c in 'abcde'}, {c: 2 for c in 'abcde'})
    assert words.startswith('a was 1 and is 2, b was')
    assert words.endswith(', and 2 more')


@pytest.mark.parametrize('number, words', [
    (15, 'killed by SIGTERM'),
    (9, 'killed by SIGKILL; often because the machine ran out of memory'),
    (200, 'killed by signal 200'),
])
def test_signals_are_told_by_name(number, words):
    assert signal_words(number) == words


RECORDED = run_record(spec(), epochs=3)


def written(folder, record):
    path = folder / 'run.json'
    write_json(str(path), record)
    return str(path)


def without(record, place):
    record = copy.deepcopy(record)
    *steps, last = place.split('.')
    section = record
    for step in steps:
        section = section[step]
    del section[last]
    return record


def test_a_record_is_read_as_it_was_written(tmp_path):
    assert read_run_record(written(tmp_path, RECORDED)) == RECORDED


@pytest.mark.parametrize('part', [0, 0.5, 0.999])
def test_a_record_cut_short_is_refused_and_stays(tmp_path, part):
    path = written(tmp_path, RECORDED)
    with open(path, 'r+') as file:
        text = file.read()
        cut = text[:int(part * len(text))]
        file.seek(0)
        file.truncate()
        file.write(cut)
    with pytest.raises(
            ValueError, match='cut short.*Nothing was changed') as e:
        read_run_record(path)
    assert path in str(e.value) and 'tools/benchmark.py run' in str(e.value)
    with open(path) as file:
        assert file.read() == cut


@pytest.mark.parametrize('content', [b'\xff\xfe', b'{"seed": NaN}'])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / 'run.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='expected mmcurv.run as JSON'):
        read_run_record(str(path))


@pytest.mark.parametrize('record', [[], 3, {}, dict(schema='mmcurv.audit')])
def test_another_schema_is_refused(tmp_path, record):
    path = tmp_path / 'run.json'
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="expected .*schema 'mmcurv.run'"):
        read_run_record(str(path))


def test_a_newer_version_is_refused_with_what_to_do(tmp_path):
    path = written(tmp_path, dict(RECORDED, schema_version=2))
    with pytest.raises(
            ValueError, match='version 1 of mmcurv.run, got 2.*newer one'):
        read_run_record(path)


@pytest.mark.parametrize('place', [
    'seed', 'config.hash', 'code.clean', 'split.fingerprint', 'protocol.main',
    'results.last', 'results.best.metrics', 'results.last.metrics.gini',
    'geometry.correlation', 'cost.seconds', 'cr', 'geometry'
])
def test_a_missing_key_is_named(tmp_path, place):
    path = written(tmp_path, without(RECORDED, place))
    with pytest.raises(ValueError, match=f'expected {place}[ ,]'):
        read_run_record(path)


@pytest.mark.parametrize('place', ['config', 'cost', 'protocol'])
def test_a_section_that_is_no_section_is_named(tmp_path, place):
    path = written(tmp_path, {**RECORDED, place: None})
    with pytest.raises(ValueError, match=f'expected {place} in'):
        read_run_record(path)


def test_sections_that_a_run_may_lack_may_be_null(tmp_path):
    record = dict(RECORDED, split=None, results=None, geometry=None, cr=None)
    assert read_run_record(written(tmp_path, record)) == record


def test_an_unknown_main_evaluation_is_refused(tmp_path):
    protocol = dict(RECORDED['protocol'], main='middle')
    with pytest.raises(ValueError, match="protocol.main.*'middle'"):
        read_run_record(written(tmp_path, dict(RECORDED, protocol=protocol)))


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError):
        read_run_record(str(tmp_path / 'run.json'))


def test_config_text_and_history_are_not_kept():
    before = copy.deepcopy(RECORDED)
    kept = kept_part(RECORDED)
    assert 'history' not in kept and 'text' not in kept['config']
    assert kept['config']['hash'] == RECORDED['config']['hash']
    assert kept['results'] == RECORDED['results']
    assert RECORDED == before
