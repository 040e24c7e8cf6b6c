# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs that have no room for a checkpoint."""
import errno
import io
import os
import resource

import pytest
from mmengine.hooks import Hook

from mmcurv import files
from tests.engine.curvature_run import build, pool_hook


class FullDisk(io.FileIO):
    """Takes 1000 bytes."""

    def write(self, data):
        super().write(data[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class BeforeEpoch2(Hook):

    def __init__(self, action):
        self.action = action

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            self.action()


def run_out_of_room(work_dir, action):
    """Train; returns what was said, None if all went well."""
    runner = build(work_dir, pool_hook(), BeforeEpoch2(action))
    with pytest.raises(OSError) as info:
        runner.train()
    return info.value


def check_folder(work_dir, said):
    """The first epoch is whole, nothing else is there, and it is resumed."""
    assert {path.name for path in work_dir.glob('*epoch*')} == {'epoch_1.pth'}
    for words in (str(work_dir / 'epoch_2.pth'), 'No file was begun',
                  'Make room', 'Then resume'):
        assert words in said
    runner = build(work_dir, pool_hook(), resume=True)
    runner.train()
    assert runner.epoch == 3 and runner.iter == 33
    assert (work_dir / 'epoch_3.pth').exists()


def test_full_disk_leaves_the_earlier_checkpoint_to_resume_from(
        tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        error = run_out_of_room(
            tmp_path, lambda: patch.setattr(
                files, 'open', FullDisk, raising=False))
    assert error.errno == errno.ENOSPC
    check_folder(tmp_path, str(error))


def test_limit_of_the_system_on_a_file_leaves_the_earlier_checkpoint(tmp_path):
    """The kernel itself cuts the file off, in a fork of this process."""
    report = tmp_path / 'said.txt'
    child = os.fork()
    if child == 0:
        try:
            limit = (20000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
            error = run_out_of_room(
                tmp_path,
                lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
            report.write_text(f'{error.errno} {error}')
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    number, said = report.read_text().split(' ', 1)
    assert int(number) == errno.EFBIG
    check_folder(tmp_path, said)
