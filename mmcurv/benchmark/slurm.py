# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings as jobs of a cluster, which live on when the terminal is closed.

Jobs are submitted by submitit, as arrays where the cluster has them. What was
submitted stands in ``job.json`` of each run; which of these jobs are still
there, one call of the cluster's own program tells.
"""
import contextlib
import getpass
import os
import os.path as osp
import signal
import subprocess
from typing import Any, Dict, List, Optional, Sequence, Set

from mmcurv.arguments import UsageError
from .matrix import RunSpec
from .queue import Ending, PlannedRun, Worker, error_line, train_run
from .run_folder import read_job, write_job

# Submitit's own five minutes would end every training.
TIMEOUT_MINUTES = 24 * 60
SECONDS = 60  # for an answer of the cluster


class TrainJob:
    """Trains a run as a job, which can be interrupted and queued again.

    Submitit calls it on the machine of the job; the training is a process of
    its own with that many threads.
    """

    def __init__(self, threads: int = 1):
        self.threads = threads

    def __call__(self, run: PlannedRun) -> Ending:
        return train_run(run, Worker(self.threads))

    def checkpoint(self, run: PlannedRun):
        """The same job once more, as it is before its machine is taken away.
        The run itself goes on from its last checkpoint."""
        from submitit.helpers import DelayedSubmission
        return DelayedSubmission(TrainJob(self.threads), run)


def submit(runs: Sequence[PlannedRun],
           cluster: str,
           root: str,
           threads: Optional[int] = None,
           at_a_time: Optional[int] = None,
           options: Optional[Dict[str, Any]] = None) -> List[str]:
    """Submit runs and leave them to the cluster.

    Args:
        runs (Sequence[PlannedRun]): At least one.
        cluster (str): 'slurm', or 'local' for processes of this machine.
        root (str): Folder of all runs, which the machines of the cluster
            must see; logs of the jobs go into its ``submitit``.
        threads (int, optional): Cores of each job. Defaults to None: 1.
        at_a_time (int, optional): How many of them run at a time. Defaults
            to None: as many as the cluster gives.
        options (dict, optional): Parameters of submitit. Defaults to None.

    Returns:
        list[str]: Number of the job of each run.

    Raises:
        UsageError: If submitit or the cluster is not there, an option is
            unknown, or the cluster refuses the jobs.
    """
    for name, value in (('--workers', at_a_time), ('--threads', threads)):
        if value is not None and value < 1:
            raise UsageError(f'{name}: expected at least 1, got {value}')
    try:
        import submitit
    except ImportError as error:
        raise UsageError('--cluster needs submitit: pip install '
                         "'mmcurv[slurm]'") from error
    parameters = dict(
        name='mmcurv', timeout_min=TIMEOUT_MINUTES, cpus_per_task=threads or 1)
    if cluster == 'slurm':
        parameters['slurm_array_parallelism'] = at_a_time or len(runs)
    parameters.update(options or {})
    try:
        executor = submitit.AutoExecutor(
            folder=osp.join(root, 'submitit'), cluster=cluster)
        executor.update_parameters(**parameters)
    # This is how submitit says no: to a missing srun, to an unknown name, to
    # a value of another type.
    except (RuntimeError, NameError, ValueError, TypeError,
            AssertionError) as error:
        raise UsageError(f'--cluster {cluster}: {error}') from error
    for run in runs:
        os.makedirs(run.folder, exist_ok=True)
    try:
        jobs = executor.map_array(TrainJob(threads or 1), runs)
    except Exception as error:  # of submitit, of the cluster's programs
        raise UsageError(f'--cluster {cluster}: the runs could not be '
                         f'submitted: {error_line(str(error))}') from error
    numbers = []
    for run, job in zip(runs, jobs):
        numbers.append(f'{cluster}:{job.job_id}')
        write_job(run.folder, numbers[-1])
    return numbers


def live_jobs(specs: Sequence[RunSpec]) -> Set[str]:
    """Jobs of these runs that wait or run, by one question to the cluster;
    where it does not answer, all that were submitted."""
    jobs = {read_job(spec.folder) for spec in specs} - {None}
    found, names = set(), None
    for job in jobs:
        cluster, _, number = job.partition(':')
        if cluster == 'slurm':
            names = _names_in_squeue() if names is None else names
            alive = '*' in names or number in names
        else:
            alive = number.isdigit() and _is_alive(int(number))
        if alive:
            found.add(job)
    return found


def cancel(specs: Sequence[RunSpec]) -> List[RunSpec]:
    """Take back what was submitted of runs; trainings of theirs are ended.

    Returns:
        list[RunSpec]: Those whose job was there, and is cancelled.

    Raises:
        UsageError: If the cluster does not answer or refuses.
    """
    alive = live_jobs(specs)
    found = [spec for spec in specs if read_job(spec.folder) in alive]
    numbers = [read_job(spec.folder).partition(':')[2] for spec in found
               if read_job(spec.folder).startswith('slurm:')]  # yapf: disable
    if numbers:
        answer = _ask('scancel', *numbers)
        if answer is None or answer.returncode:
            raise UsageError('scancel refuses: ' + (
                error_line(answer.stderr) if answer else 'there is none here'))
    for spec in found:
        cluster, _, number = read_job(spec.folder).partition(':')
        if cluster == 'local':
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGINT)
    return found


def _names_in_squeue() -> Set[str]:
    """Numbers of the user's jobs, '*' for all if nobody answers."""
    answer = _ask('squeue', '--user', getpass.getuser(), '--noheader',
                  '--array', '--format', '%i')
    if answer is None or answer.returncode:
        return {'*'}
    return set(answer.stdout.split())


def _ask(*command: str) -> Optional[subprocess.CompletedProcess]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
