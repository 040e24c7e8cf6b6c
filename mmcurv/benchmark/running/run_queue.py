# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All runs of a matrix, one after the other on what is free."""
import time
from collections import deque
from typing import Callable, List, Optional, Protocol, Sequence

from mmcurv.benchmark.states.failure_record import has_failure
from mmcurv.benchmark.states.run_lock import is_locked
from .local_workers import Running
from .planned_run import Ending, PlannedRun

LOOK_ELSEWHERE_SECONDS = 5.


class Workers(Protocol):
    """What trains runs: this machine or a cluster."""
    count: int

    def free(self) -> bool:
        """Whether another run can be started."""

    def start(self, run: PlannedRun) -> Optional[Ending]:
        """Start a run; an ending if there was nothing to start."""

    def ended(self) -> List[Ending]:
        """Endings since the last call."""

    def running(self) -> List[Running]:
        """What is trained now, in the order of the starts."""

    def stop(self) -> List[Ending]:
        """End all trainings and wait until they are gone."""


class RunQueue:
    """All runs of a matrix, one after the other on what is free.

    A run that fails does not stop the others. One that another process
    trains is waited for, and never started a second time.

    Args:
        workers (Workers): What trains the runs.
        watch (Callable): Is called with 'started', 'ended', 'elsewhere' or
            'lacking' and with what it is about: a Running, an Ending, an
            Ending or a text; and with 'look' and the queue in each round.
        lack_of_space (Callable): Says why no other run can be started, or
            None. Once it says so, no other one is.
        stop (Sequence): Everything ends as soon as this is not empty.
            Defaults to ().
        poll (float): Seconds between two rounds. Defaults to 0.2.
    """

    def __init__(self,
                 workers: Workers,
                 watch: Callable[[str, object], None],
                 lack_of_space: Callable[[], Optional[str]],
                 stop: Sequence = (),
                 poll: float = 0.2):
        self.workers = workers
        self.waiting = deque()
        self.elsewhere: List[PlannedRun] = []
        self.endings: List[Ending] = []
        self.lack: Optional[str] = None
        self._watch = watch
        self._lack_of_space = lack_of_space
        self._stop = stop
        self._poll = poll
        self._looked = 0.

    def run(self, runs: Sequence[PlannedRun]) -> List[Ending]:
        """Train runs until all have ended or nothing more can be done.

        Args:
            runs (Sequence[PlannedRun]): In the order of the starts.

        Returns:
            list[Ending]: In the order of the ends. Runs that were not
            started are not among them.
        """
        self.waiting.extend(runs)
        try:
            while self._is_busy() and not self._stop:
                self._fill()
                self._watch('look', self)
                time.sleep(self._poll)
                self._look_elsewhere()
                for ending in self.workers.ended():
                    self._note(ending)
        finally:
            for ending in self.workers.stop():
                self._note(ending)
        return self.endings

    def _is_busy(self) -> bool:
        return bool(self.workers.running() or self.elsewhere
                    or (self.waiting and not self.lack))

    def _fill(self) -> None:
        while (self.waiting and self.workers.free() and not self.lack
               and not self._stop):
            self.lack = self._lack_of_space()
            if self.lack:
                self._watch('lacking', self.lack)
                return
            run = self.waiting.popleft()
            ending = self.workers.start(run)
            if ending is None:
                self._watch('started', self.workers.running()[-1])
            else:
                self._note(ending)

    def _note(self, ending: Ending) -> None:
        if ending.kind == 'running':
            self.elsewhere.append(ending.run)
            self._watch('elsewhere', ending)
        else:
            self.endings.append(ending)
            self._watch('ended', ending)

    def _look_elsewhere(self) -> None:
        """Take back runs whose other process has ended.

        Without a record and without a failure it was killed: the run goes
        on here.
        """
        if time.monotonic() - self._looked < LOOK_ELSEWHERE_SECONDS:
            return
        self._looked = time.monotonic()
        for run in [
                run for run in self.elsewhere if not is_locked(run.folder)
        ]:
            self.elsewhere.remove(run)
            if has_failure(run.folder):
                self._note(
                    Ending(run, 'failed', 'it failed in the other process'))
            else:
                self.waiting.appendleft(run)
