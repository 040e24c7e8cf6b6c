# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings as jobs of a cluster, through submitit."""
import contextlib
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmcurv.benchmark.states.run_lock import is_locked, lock_holder
from mmcurv.engine.config_options import UsageError
from .error_line import error_line
from .local_workers import Running
from .planned_run import Ending, PlannedRun
from .run_job import RunJob
from .start_run import has_record
from .train_run import GRACE_SECONDS
from .worker_plan import Worker

CLUSTERS = ('slurm', 'local')
# Submitit's own five minutes would end every training.
TIMEOUT_MINUTES = 24 * 60


class Job(NamedTuple):
    """A run that was submitted.

    Attributes:
        worker (Worker): What it gets.
        running (Running): The run.
        job (submitit.Job): Its job.
    """
    worker: Worker
    running: Running
    job: Any


class ClusterJobs:
    """Trainings as jobs of a cluster, as many at a time as there are workers.

    Args:
        executors (dict): Of :func:`make_executor`, by the name of the matrix
            whose runs they submit.
        workers (Sequence[Worker]): What each job gets.
    """

    def __init__(self, executors: Dict[str, Any], workers: Sequence[Worker]):
        self.count = len(workers)
        self._executors = executors
        self._idle = list(workers)
        self._jobs: List[Job] = []

    def free(self) -> bool:
        """Whether another job can be submitted."""
        return bool(self._idle)

    def start(self, run: PlannedRun) -> Optional[Ending]:
        """Submit a job for a run.

        Args:
            run (PlannedRun): The run.

        Returns:
            Ending, optional: None if it was submitted.
        """
        if has_record(run.folder):
            return Ending(run, 'done')
        if is_locked(run.folder):  # a job would only find that out later
            return Ending(run, 'running', lock_holder(run.folder))
        executor = self._executors[run.spec.matrix]
        try:
            job = executor.submit(RunJob(run, *self._idle[0]))
        except Exception as error:  # of submitit, of the cluster's programs
            return Ending(
                run, 'failed',
                f'it could not be submitted: {error_line(str(error))}')
        self._jobs.append(
            Job(self._idle.pop(0), Running(run, time.time()), job))
        return None

    def ended(self) -> List[Ending]:
        """Endings since the last call."""
        over = [job for job in self._jobs if job.job.done()]
        self._jobs = [job for job in self._jobs if job not in over]
        self._idle += [job.worker for job in over]
        return [_ending(job) for job in over]

    def running(self) -> List[Running]:
        """What is submitted and has not ended."""
        return [job.running for job in self._jobs]

    def stop(self) -> List[Ending]:
        """Cancel all jobs and wait until their trainings are gone."""
        for job in self._jobs:
            # A job that has just ended cannot be cancelled any more.
            with contextlib.suppress(OSError):
                job.job.cancel(check=False)
        until = time.monotonic() + 2 * GRACE_SECONDS
        while (any(is_locked(job.running.run.folder) for job in self._jobs)
               and time.monotonic() < until):
            time.sleep(0.2)
        stopped, self._jobs = self._jobs, []
        return [
            Ending(job.running.run,
                   'done' if has_record(job.running.run.folder) else 'stopped')
            for job in stopped
        ]


def make_executor(cluster: str,
                  folder: str,
                  threads: int = 1,
                  options: Optional[Dict[str, Any]] = None):
    """What submits jobs.

    Args:
        cluster (str): 'slurm', or 'local' for processes of this machine.
        folder (str): Of the logs of the jobs; the machines of the cluster
            must see it.
        threads (int): Cores of each job. Defaults to 1.
        options (dict, optional): Parameters of submitit, such as
            slurm_partition or timeout_min. Defaults to None.

    Returns:
        submitit.AutoExecutor: The executor.

    Raises:
        UsageError: If submitit is not installed, there is no such cluster,
            or an option is unknown.
    """
    try:
        import submitit
    except ImportError as error:
        raise UsageError('--cluster needs submitit: pip install '
                         "'mmcurv[slurm]'") from error
    parameters = dict(
        name='mmcurv', timeout_min=TIMEOUT_MINUTES, cpus_per_task=threads)
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        executor.update_parameters(**{**parameters, **(options or {})})
    # This is how submitit says no: to a missing srun, to an unknown name, to
    # a value of another type.
    except (RuntimeError, NameError, ValueError, TypeError,
            AssertionError) as error:
        raise UsageError(f'--cluster {cluster}: {error}') from error
    return executor


def _ending(job: Job) -> Ending:
    try:
        return job.job.result()
    except Exception as error:  # whatever the job raised, or none came back
        return Ending(
            job.running.run, 'failed',
            f'job {job.job.job_id} ended without a result: '
            f'{error_line(str(error))}; see {job.job.paths.stderr}')
