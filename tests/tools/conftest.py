# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil

import pytest

from tests.tools.tool_runs import CONFIG, call, tiny_options, unchanged_process


@pytest.fixture(autouse=True)
def process_stays_as_it_was():
    with unchanged_process():
        yield


@pytest.fixture(scope='session')
def finished_run(tmp_path_factory):
    """Work folder of one epoch trained from a command line."""
    folder = tmp_path_factory.mktemp('finished') / 'run'
    with unchanged_process():
        call('train', CONFIG, '--work-dir', folder, '--cfg-options',
             *tiny_options())
    return folder


@pytest.fixture
def work_dir(finished_run, tmp_path):
    """A copy of the finished run that a test may change."""
    return shutil.copytree(finished_run, tmp_path / 'copy')
