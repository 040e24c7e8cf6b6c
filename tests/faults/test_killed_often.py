# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A training killed over and over ends as if nothing had happened."""
import json
import os
import subprocess
import sys

import pytest

RUNS = (1, 2)  # processes
TWENTY = pytest.param(20, marks=pytest.mark.slow)


@pytest.fixture(scope='module', params=[5, TWENTY])
def kills(request):
    return request.param


@pytest.fixture(scope='module')
def records(tmp_path_factory, kills):
    """Records of so many kills by processes."""
    path = tmp_path_factory.mktemp('records') / 'records.json'
    subprocess.run([
        sys.executable, '-m', 'tests.faults.soak', '--kills',
        str(kills), '--processes', '1', '2', '--json', path
    ],
                   check=True,
                   env=dict(os.environ, OMP_NUM_THREADS='1'))
    return {each['processes']: each for each in json.loads(path.read_text())}


@pytest.mark.parametrize('run', RUNS)
def test_training_killed_often_ends_as_the_uninterrupted_one(
        records, kills, run):
    record = records[run]
    assert len(record['kills']) == kills
    assert record['numbers'] > 10000
    if record['processes'] == 1:
        assert record['different'] == 0
    assert record['largest'] <= 1e-6


@pytest.mark.parametrize('run', RUNS)
def test_kills_hit_steps_saves_and_evaluations(records, run):
    hit = {kill['phase'] for kill in records[run]['kills']}
    assert hit >= {'step', 'evaluation'}
    assert hit & {'save', 'write'}


@pytest.mark.parametrize('run', RUNS)
def test_a_kill_loses_at_most_an_epoch(records, run):
    record = records[run]
    lost = [kill['lost'] for kill in record['kills']]
    assert 0 < max(lost) <= record['steps']


@pytest.mark.parametrize('kills', [TWENTY], indirect=True)
def test_some_kills_leave_a_half_written_file(records):
    """Which no run resumed from: every checkpoint loaded after each kill."""
    assert any(kill['half_written'] for record in records.values()
               for kill in record['kills'])


def test_kills_hit_one_process_and_both(records):
    ranks = [kill['ranks'] for kill in records[2]['kills']]
    assert [0] in ranks and [1] in ranks and [0, 1] in ranks
