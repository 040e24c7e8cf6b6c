# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Stages that are killed and resumed end as uninterrupted ones, bit for bit.
"""
import json
import os
import subprocess
import sys

import pytest
import torch

from mmcurv import compat
from tests.engine.test_resume_exactly import differences

compat.apply()
# Stage, and its steps before the kill; 11 in an epoch.
KILLS = dict(
    in_the_first_stage=(0, 16),
    before_the_second_stage_saved=(1, 4),
    in_the_second_stage=(1, 27))


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Work folders by name: whole, and resumed after each kill."""
    top = tmp_path_factory.mktemp('runs')
    jobs = [dict(work_dir=str(top / 'whole'))]
    for name, kill in KILLS.items():
        work_dir = str(top / name)
        jobs += [
            dict(work_dir=work_dir, kill=kill),
            dict(work_dir=work_dir, resume='auto')
        ]
    (top / 'jobs.json').write_text(json.dumps(jobs))
    subprocess.run([
        sys.executable, '-m', 'tests.engine.stages.staged_jobs',
        top / 'jobs.json'
    ],
                   check=True,
                   env=dict(os.environ, OMP_NUM_THREADS='1'))
    return top


@pytest.mark.parametrize('name', KILLS)
def test_resumed_stages_end_as_uninterrupted_ones(name, runs):
    for path in ('stage_features/epoch_2.pth', 'epoch_3.pth'):
        whole, resumed = (
            torch.load(runs / folder / path, weights_only=True)
            for folder in ('whole', name))
        for part in ('state_dict', 'optimizer', 'mmcurv_random_state'):
            assert differences(whole[part], resumed[part]) == []
    whole, resumed = (
        json.loads((runs / folder / 'run.json').read_text())
        for folder in ('whole', name))
    for key in ('results', 'classes', 'history', 'protocol', 'split'):
        assert whole[key] == resumed[key]
