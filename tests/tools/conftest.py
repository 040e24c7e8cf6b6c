# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil
import subprocess
import sys

import pytest

from tests.tools.tool_runs import CONFIG, ROOT, tiny_options, tool_environment


@pytest.fixture(scope='session')
def finished_run(tmp_path_factory):
    """Work folder of one epoch trained from a real command line."""
    folder = tmp_path_factory.mktemp('finished') / 'run'
    subprocess.run([
        sys.executable, ROOT / 'tools' / 'train.py', CONFIG, '--work-dir',
        folder, '--cfg-options', *tiny_options()
    ],
                   env=tool_environment(),
                   cwd=folder.parent,
                   check=True)
    return folder


@pytest.fixture
def work_dir(finished_run, tmp_path):
    """A copy of the finished run that a test may change."""
    return shutil.copytree(finished_run, tmp_path / 'copy')
