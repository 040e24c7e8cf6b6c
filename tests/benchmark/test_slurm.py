# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings as jobs of a cluster."""
import os
import signal
import sys
from pathlib import Path

import pytest

from mmcurv.arguments import UsageError
from mmcurv.benchmark.run_folder import read_job, write_job
from mmcurv.benchmark.slurm import TrainJob, cancel, live_jobs, submit
from mmcurv.engine.run_lock import is_locked
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, is_done,
                                       let_go, starts, training, wait_for)
from tests.tools.tool_runs import tool_environment

submitit = pytest.importorskip('submitit')


@pytest.fixture(autouse=True)
def path_of_package(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', tool_environment()['PYTHONPATH'])


def parent(process):
    """Number of the process that started another."""
    stat = Path(f'/proc/{process}/stat').read_text()
    return int(stat.rpartition(')')[2].split()[1])


def test_jobs_train_runs_and_nobody_has_to_wait(tmp_path):
    runs = [fake_run(tmp_path, 0), fake_run(tmp_path, 1, fail_at=1)]
    jobs = submit(runs, 'local', str(tmp_path))
    assert [read_job(run.folder) for run in runs] == jobs
    wait_for(lambda: is_done(runs[0]))
    wait_for(lambda: (Path(runs[1].folder) / 'failure.json').exists())
    assert list((tmp_path / 'submitit').glob('*_log.out'))


def test_preempted_job_goes_on_from_its_last_checkpoint(tmp_path):
    run = fake_run(tmp_path, 0, epochs=3, hold_at=2)
    submit([run], 'local', str(tmp_path))
    wait_for(lambda: epoch_evaluated(run, 2))
    let_go(run)
    os.kill(parent(training(run)), signal.SIGUSR2)  # as Slurm does
    wait_for(lambda: is_done(run))
    assert not (Path(run.folder) / 'failure.json').exists()


def test_job_to_be_queued_again_is_the_same_run(tmp_path):
    run = fake_run(tmp_path)
    again = TrainJob(3).checkpoint(run)
    assert (again.function.threads, again.args) == (3, (run, ))


def test_cancelled_job_ends_with_its_training(tmp_path):
    run = fake_run(tmp_path, 0, hold_at=1)
    (job, ) = submit([run], 'local', str(tmp_path))
    wait_for(lambda: epoch_evaluated(run, 1))
    assert live_jobs([run.spec]) == {job}
    assert cancel([run.spec]) == [run.spec]
    wait_for(lambda: not is_locked(run.folder))
    assert not (Path(run.folder) / 'failure.json').exists()
    assert starts(run) == ['epoch 1 alone']


def test_slurm_gets_one_array_with_time_cores_and_the_options(slurm, tmp_path):
    runs = [fake_run(tmp_path, seed) for seed in range(2)]
    options = dict(slurm_partition='gpu', gpus_per_node=1, timeout_min=60)
    assert submit(runs, 'slurm', str(tmp_path), 3, 1,
                  options) == ['slurm:12_0', 'slurm:12_1']
    lines = slurm.read_text().splitlines()
    for option in ('--time=60', '--cpus-per-task=3', '--partition=gpu',
                   '--gpus-per-node=1', '--job-name=mmcurv', '--array=0-1%1'):
        assert f'#SBATCH {option}' in lines


def test_one_question_tells_which_jobs_are_alive(slurm, tmp_path):
    runs = [fake_run(tmp_path, seed) for seed in range(3)]
    for run, job in zip(runs, ('12_0', '12_1', '12_2')):
        os.makedirs(run.folder)
        write_job(run.folder, f'slurm:{job}')
    specs = [run.spec for run in runs]
    (tmp_path / 'queue').write_text('12_0\n12_2\n99\n')
    assert live_jobs(specs) == {'slurm:12_0', 'slurm:12_2'}
    assert cancel(specs[1:]) == [specs[2]]
    assert (tmp_path / 'queue').read_text() == '12_0\n99\n'
    assert live_jobs(specs) == {'slurm:12_0'}


def test_without_an_answer_all_jobs_are_taken_to_be_alive(
        tmp_path, monkeypatch):
    run = fake_run(tmp_path)
    os.makedirs(run.folder)
    write_job(run.folder, 'slurm:12_0')
    monkeypatch.setenv('PATH', '')
    assert live_jobs([run.spec]) == {'slurm:12_0'}
    with pytest.raises(UsageError, match='scancel refuses: there is none'):
        cancel([run.spec])
    assert live_jobs([fake_run(tmp_path, 1).spec]) == set()


def test_jobs_that_slurm_refuses_are_an_error(slurm, tmp_path):
    (tmp_path / 'bin' / 'sbatch').write_text(
        '#!/bin/sh\necho sbatch: error: invalid partition >&2; exit 1\n')
    run = fake_run(tmp_path)
    with pytest.raises(UsageError, match='invalid partition'):
        submit([run], 'slurm', str(tmp_path))
    assert read_job(run.folder) is None


@pytest.mark.parametrize('options, message', [
    (dict(queue='x'), 'need to be prefixed'),
    (dict(slurm_partitoin='x'), 'partitoin'),
    (dict(timeout_min='long'), 'timeout_min'),
])
def test_wrong_option_is_named(tmp_path, options, message):
    with pytest.raises(UsageError, match=f'--cluster local: .*{message}'):
        submit([fake_run(tmp_path)], 'local', str(tmp_path), options=options)


def test_cluster_or_submitit_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match='--workers: expected at least 1'):
        submit([fake_run(tmp_path)], 'local', str(tmp_path), at_a_time=0)
    monkeypatch.setenv('PATH', '')
    with pytest.raises(UsageError, match='--cluster slurm: .*srun'):
        submit([fake_run(tmp_path)], 'slurm', str(tmp_path))
    monkeypatch.setitem(sys.modules, 'submitit', None)
    with pytest.raises(UsageError, match=r"pip install 'mmcurv\[slurm\]'"):
        submit([fake_run(tmp_path)], 'local', str(tmp_path))
