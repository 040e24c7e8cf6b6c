# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Methods with a state of their own survive a kill at a random step."""
import os
import subprocess
import sys

import pytest

from mmcurv.compat import load_weights_only
from .largest_difference import largest_difference
from .method_jobs import NAMES

NOT_REPEATED = {'meta', 'message_hub', 'mmcurv_run'}  # times and paths
# Stages, a queue of keys, mixed images; the others are slow.
QUICK = ('dive_cr', 'paco_cr', 'ce_cmo_cr')


@pytest.fixture(scope='module')
def folder(request, tmp_path_factory):
    """Of the trainings of all methods that this session tests."""
    folder = tmp_path_factory.mktemp('methods')
    names = [
        item.callspec.params['name'] for item in request.session.items
        if item.path == request.path
    ]
    subprocess.run(
        [sys.executable, '-m', 'tests.faults.method_jobs', folder, *names],
        check=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', MKL_NUM_THREADS='1'))
    return folder


def end(folder):
    path = (folder / 'last_checkpoint').read_text()
    content = load_weights_only(path)
    return {key: content[key] for key in content.keys() - NOT_REPEATED}


@pytest.mark.parametrize('name', [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in NAMES
])
def test_method_killed_and_resumed_ends_bit_for_bit_alike(folder, name):
    whole, killed = (end(folder / name / part) for part in ('whole', 'killed'))
    assert {'state_dict', 'optimizer', 'mmcurv_random_state'} <= whole.keys()
    found = largest_difference(whole, killed)
    assert found['numbers'] > 1000
    assert found['different'] == 0, found
