# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import fcntl
import os
import subprocess
import sys

import pytest

from mmcurv.engine import run_lock
from mmcurv.engine.run_lock import (is_locked, lock_holder, lone_training,
                                    sign_lock, take_lock)


def test_lock_is_taken_once_until_it_is_closed(tmp_path):
    lock = take_lock(tmp_path)
    assert take_lock(tmp_path) is None
    assert is_locked(tmp_path)
    os.close(lock)
    assert not is_locked(tmp_path)
    again = take_lock(tmp_path)
    assert again is not None
    os.close(again)


def test_lock_lives_as_long_as_the_process_that_inherits_it(tmp_path):
    lock = take_lock(tmp_path)
    with subprocess.Popen([sys.executable, '-c', 'input()'],
                          stdin=subprocess.PIPE,
                          pass_fds=(lock, )) as process:
        os.close(lock)
        assert is_locked(tmp_path)
        assert take_lock(tmp_path) is None
        process.kill()
    assert not is_locked(tmp_path)


def test_file_that_a_killed_process_left_is_free(tmp_path):
    (tmp_path / '.running').write_text('process 17 on node3\n')
    assert not is_locked(tmp_path)
    lock = take_lock(tmp_path)
    assert lock is not None
    os.close(lock)


def test_holder_is_named(tmp_path):
    assert lock_holder(tmp_path) == 'another process'
    lock = take_lock(tmp_path)
    assert lock_holder(tmp_path) == 'another process'
    sign_lock(lock, 123456)
    sign_lock(lock, 17)
    assert lock_holder(tmp_path).startswith('process 17 on ')
    os.close(lock)


def test_two_who_look_at_once_do_not_see_each_other(tmp_path):
    os.close(take_lock(tmp_path))
    with open(tmp_path / '.running') as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_locked(tmp_path)


def test_folder_that_is_not_there_is_not_locked(tmp_path):
    assert not is_locked(tmp_path / 'gone')


def test_file_system_without_locks_is_refused(tmp_path, monkeypatch):

    def flock(*args):
        raise OSError(38, 'Function not implemented')

    monkeypatch.setattr(run_lock.fcntl, 'flock', flock)
    with pytest.raises(OSError, match='this file system cannot lock files'):
        take_lock(tmp_path)


def test_somebody_who_only_looks_is_not_taken_for_a_training(
        tmp_path, monkeypatch):
    os.close(take_lock(tmp_path))
    looking = open(tmp_path / '.running')
    fcntl.flock(looking, fcntl.LOCK_SH)
    # While take_lock waits a moment, the other has seen enough.
    monkeypatch.setattr(run_lock.time, 'sleep',
                        lambda seconds: looking.close())
    lock = take_lock(tmp_path)
    assert lock is not None
    os.close(lock)


def test_lone_training_keeps_others_out_until_it_ends(tmp_path):
    folder = str(tmp_path / 'run')
    with lone_training(folder):
        assert is_locked(folder)
        with pytest.raises(
                BlockingIOError, match=f'process {os.getpid()} on .* trains'):
            with lone_training(folder):
                pass
    with pytest.raises(KeyError):
        with lone_training(folder):
            raise KeyError
    assert not is_locked(folder)


def test_training_that_was_given_the_lock_takes_none(tmp_path, monkeypatch):
    lock = take_lock(tmp_path)
    monkeypatch.setenv('MMCURV_LOCK', str(lock))
    with lone_training(str(tmp_path)):
        assert is_locked(tmp_path)
    other = tmp_path / 'other'
    with lone_training(str(other)):
        assert is_locked(other)
    os.close(lock)
    with lone_training(str(tmp_path)):  # whatever that number is by now
        assert is_locked(tmp_path)


@pytest.mark.parametrize('name', ['RANK', 'SLURM_PROCID'])
def test_first_of_several_processes_holds_the_lock(tmp_path, monkeypatch,
                                                   name):
    monkeypatch.setenv(name, '1')
    with lone_training(str(tmp_path)):
        assert not is_locked(tmp_path)
    monkeypatch.setenv(name, '0')
    with lone_training(str(tmp_path)):
        assert is_locked(tmp_path)


def test_systems_and_disks_without_locks_train_all_the_same(
        tmp_path, monkeypatch):

    def flock(*args):
        raise OSError(38, 'Function not implemented')

    monkeypatch.setattr(run_lock.fcntl, 'flock', flock)
    with pytest.warns(UserWarning, match='nobody will be kept from training'):
        with lone_training(str(tmp_path)):
            pass
    monkeypatch.setattr(run_lock, 'fcntl', None)
    with lone_training(str(tmp_path)):
        assert not is_locked(tmp_path)
    with pytest.raises(OSError, match='no locks of files'):
        take_lock(tmp_path)
