# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os
import signal
import sys
from pathlib import Path

import pytest

from mmcurv.benchmark.running.cluster_jobs import ClusterJobs, make_executor
from mmcurv.benchmark.running.run_job import RunJob
from mmcurv.benchmark.running.run_queue import RunQueue
from mmcurv.benchmark.running.worker_plan import Worker
from mmcurv.benchmark.states.run_lock import is_locked, sign_lock, take_lock
from mmcurv.engine.config_options import UsageError
from tests.benchmark.fake_runs import (epoch_evaluated, fake_run, starts,
                                       training, wait_for)
from tests.tools.tool_runs import tool_environment

submitit = pytest.importorskip('submitit')


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', tool_environment()['PYTHONPATH'])
    executor = make_executor('local', str(tmp_path / 'submitit'))
    jobs = ClusterJobs({'toy': executor}, [Worker(1)] * 2)
    yield jobs
    jobs.stop()


def parent(process):
    """Number of the process that started another."""
    stat = Path(f'/proc/{process}/stat').read_text()
    return int(stat.rpartition(')')[2].split()[1])


def train(jobs, runs, stop=(), watch=lambda *event: None):
    queue = RunQueue(jobs, watch, lambda: None, stop, 0.05)
    return {
        ending.run.spec.seed: (ending.kind, ending.reason)
        for ending in queue.run(runs)
    }


def test_jobs_train_runs_and_tell_how_they_ended(jobs, tmp_path):
    runs = [fake_run(tmp_path, 0), fake_run(tmp_path, 1, fail_at=1)]
    assert train(jobs, runs) == {
        0: ('done', ''),
        1: ('failed', 'exit code 1: RuntimeError: no luck in epoch 1')
    }
    assert (Path(runs[1].folder) / 'failure.json').exists()
    assert list((tmp_path / 'submitit').glob('*_log.out'))


def test_preempted_job_goes_on_from_its_last_checkpoint(jobs, tmp_path):
    run = fake_run(tmp_path, 0, epochs=3, hold_at=2)
    assert jobs.start(run) is None
    wait_for(lambda: epoch_evaluated(run, 2))
    os.kill(parent(training(run)), signal.SIGUSR2)  # as Slurm does
    endings = []
    wait_for(lambda: endings.extend(jobs.ended()) or endings)
    assert [ending.kind for ending in endings] == ['done']
    assert starts(run) == ['epoch 1 alone', 'epoch 3 alone']
    assert not (Path(run.folder) / 'failure.json').exists()


def test_job_to_be_queued_again_is_the_same_run(tmp_path):
    job = RunJob(fake_run(tmp_path), threads=3, gpu='1')
    again = job.checkpoint().function
    assert (again.run, again.threads, again.gpu) == (job.run, 3, '1')


def test_stop_cancels_the_jobs_with_their_trainings(jobs, tmp_path):
    run, stop = fake_run(tmp_path, 0, hold_at=1), []

    def stop_when_it_trains(event, queue):
        if epoch_evaluated(run, 1):
            stop.append(2)

    assert train(jobs, [run], stop, stop_when_it_trains) == {
        0: ('stopped', '')
    }
    assert not is_locked(run.folder)
    assert not (Path(run.folder) / 'failure.json').exists()


def test_job_without_a_result_is_a_failure_that_names_its_log(jobs, tmp_path):
    run = fake_run(tmp_path, 0)
    run = run._replace(command=['/no/such/program'])
    ((kind, reason), ) = train(jobs, [run]).values()
    assert kind == 'failed'
    assert 'ended without a result: ' in reason
    assert "No such file or directory: '/no/such/program'" in reason
    assert f'see {tmp_path}/submitit/' in reason


def test_done_run_and_run_of_another_process_are_not_submitted(tmp_path):
    jobs = ClusterJobs({}, [Worker(1)])
    run = fake_run(tmp_path)
    Path(run.folder).mkdir(parents=True)
    (Path(run.folder) / 'run.json').touch()
    assert jobs.start(run).kind == 'done'
    other = fake_run(tmp_path, 1)
    Path(other.folder).mkdir()
    lock = take_lock(other.folder)
    sign_lock(lock, 17)
    ending = jobs.start(other)
    assert ending.kind == 'running'
    assert ending.reason.startswith('process 17 on ')
    os.close(lock)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Programs of a cluster that keep the job script; gives its path."""
    script = tmp_path / 'job.sh'
    programs = dict(
        srun='', sacct='', scancel='', sbatch=f'cp $1 {script}; echo job 12')
    for name, line in programs.items():
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\n{line}\n')
        path.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}/bin', prepend=':')
    return script


def test_slurm_gets_a_job_with_time_cores_and_the_options(slurm, tmp_path):
    executor = make_executor(
        'slurm',
        str(tmp_path / 'submitit'),
        threads=3,
        options=dict(slurm_partition='gpu', gpus_per_node=1))
    jobs = ClusterJobs({'toy': executor}, [Worker(3)])
    run = fake_run(tmp_path)
    assert jobs.start(run) is None
    assert not jobs.free()
    assert [running.run for running in jobs.running()] == [run]
    lines = slurm.read_text().splitlines()
    for option in ('--time=1440', '--cpus-per-task=3', '--partition=gpu',
                   '--gpus-per-node=1', '--job-name=mmcurv'):
        assert f'#SBATCH {option}' in lines
    assert [ending.kind for ending in jobs.stop()] == ['stopped']


def test_job_that_slurm_refuses_is_a_failure(slurm, tmp_path):
    (tmp_path / 'bin' / 'sbatch').write_text(
        '#!/bin/sh\necho sbatch: error: invalid partition >&2; exit 1\n')
    executor = make_executor('slurm', str(tmp_path / 'submitit'))
    ending = ClusterJobs({
        'toy': executor
    }, [Worker(1)]).start(fake_run(tmp_path))
    assert ending.kind == 'failed'
    assert ending.reason == (
        'it could not be submitted: sbatch: error: invalid partition')


@pytest.mark.parametrize('options, message', [
    (dict(queue='x'), 'need to be prefixed'),
    (dict(slurm_partitoin='x'), 'partitoin'),
    (dict(timeout_min='long'), 'timeout_min'),
])
def test_wrong_option_is_named(tmp_path, options, message):
    with pytest.raises(UsageError, match=f'--cluster local: .*{message}'):
        make_executor('local', str(tmp_path), options=options)


def test_cluster_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(UsageError, match='--cluster slurm: .*srun'):
        make_executor('slurm', str(tmp_path))


def test_without_submitit_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'submitit', None)
    with pytest.raises(UsageError, match=r"pip install 'mmcurv\[slurm\]'"):
        make_executor('slurm', str(tmp_path))
