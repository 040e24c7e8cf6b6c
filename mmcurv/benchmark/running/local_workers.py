# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings on this machine, as many at a time as there are workers."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .planned_run import Ending, PlannedRun
from .start_run import Attempt, start_run
from .train_run import finish_run, stop_runs
from .worker_plan import Worker


class Running(NamedTuple):
    """A training that is being watched.

    Attributes:
        run (PlannedRun): The run.
        started (float): Time of the start, in seconds since 1970.
        checkpoint (str, optional): What it goes on from, as far as known.
    """
    run: PlannedRun
    started: float
    checkpoint: Optional[str] = None


class LocalWorkers:
    """Trainings on this machine, as many at a time as there are workers.

    Args:
        workers (Sequence[Worker]): What each training gets.
    """

    def __init__(self, workers: Sequence[Worker]):
        self.count = len(workers)
        self._idle = list(workers)
        self._busy: List[Tuple[Worker, Attempt]] = []

    def free(self) -> bool:
        """Whether another run can be started."""
        return bool(self._idle)

    def start(self, run: PlannedRun) -> Optional[Ending]:
        """Start a run on a free worker.

        Args:
            run (PlannedRun): The run.

        Returns:
            Ending, optional: None if it was started.
        """
        worker = self._idle[0]
        try:
            attempt = start_run(run, worker.threads, worker.gpu)
        except OSError as error:  # of this run; the others may do better
            return Ending(run, 'failed', f'it could not be started: {error}')
        if isinstance(attempt, Ending):
            return attempt
        self._busy.append((self._idle.pop(0), attempt))
        return None

    def ended(self) -> List[Ending]:
        """Endings since the last call; their workers are free again."""
        over = [(worker, attempt) for worker, attempt in self._busy
                if attempt.process.poll() is not None]
        return self._finish(over)

    def running(self) -> List[Running]:
        """What is trained now, in the order of the starts."""
        return [
            Running(attempt.run, attempt.started, attempt.checkpoint)
            for _, attempt in self._busy
        ]

    def stop(self) -> List[Ending]:
        """End all trainings and wait until they are gone."""
        over = self.ended()  # what ended by itself was not stopped
        stop_runs([attempt for _, attempt in self._busy])
        return over + self._finish(list(self._busy), stopped=True)

    def _finish(self,
                over: List[Tuple[Worker, Attempt]],
                stopped: bool = False) -> List[Ending]:
        self._busy = [entry for entry in self._busy if entry not in over]
        self._idle += [worker for worker, _ in over]
        return [finish_run(attempt, stopped) for _, attempt in over]
