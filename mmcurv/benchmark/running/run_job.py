# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A run as a job that a cluster can interrupt and start again."""
from typing import Optional

from .planned_run import Ending, PlannedRun
from .train_run import train_run


class RunJob:
    """A run as a job that a cluster can interrupt and start again.

    Submitit calls it on the machine of the job. Nothing heavy is imported
    there; the training is a process of its own.

    Args:
        run (PlannedRun): The run.
        threads (int): Of the training. Defaults to 1.
        gpu (str, optional): The only GPU that the training sees. Defaults to
            None: all of the job's.
    """

    def __init__(self,
                 run: PlannedRun,
                 threads: int = 1,
                 gpu: Optional[str] = None):
        self.run = run
        self.threads = threads
        self.gpu = gpu

    def __call__(self) -> Ending:
        return train_run(self.run, self.threads, self.gpu)

    def checkpoint(self):
        """The same job once more, as it is before its machine is taken away.

        The run itself goes on from its last checkpoint.

        Returns:
            submitit.helpers.DelayedSubmission: To be queued again.
        """
        from submitit.helpers import DelayedSubmission
        return DelayedSubmission(RunJob(self.run, self.threads, self.gpu))
