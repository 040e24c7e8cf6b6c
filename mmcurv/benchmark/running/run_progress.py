# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What happens to the runs of a matrix, told in the terminal."""
import time
from typing import Dict, List, Optional, Tuple

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mmcurv.benchmark.states.last_good_checkpoint import epochs_behind
from mmcurv.benchmark.states.run_epoch import epoch_reached
from .local_workers import Running
from .planned_run import Ending, PlannedRun
from .run_queue import RunQueue
from .time_left import duration, seconds_left, seconds_per_epoch

LOOK_SECONDS = 1.


class RunProgress:
    """Tells what happens: lines for events, a table that moves for the rest.

    A pipe gets the lines only.

    Args:
        console (Console): Where to write.
        total (int): Runs asked for.
        done (int): Those of them that had ended before. Defaults to 0.
    """

    def __init__(self, console: Console, total: int, done: int = 0):
        self.total, self.done, self.failed = total, done, 0
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._looked = 0.
        self._seconds: Optional[float] = None
        self._seen: Dict[str, Tuple[str, float, int]] = {}
        self._tell = dict(
            started=self._started,
            ended=self._ended,
            elsewhere=self._elsewhere,
            lacking=self._lacking,
            look=self._look)

    def __enter__(self) -> 'RunProgress':
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exception) -> None:
        self._live.update(Text(), refresh=self._live.is_started)
        self._live.stop()

    def __call__(self, event: str, what: object) -> None:
        """Tell one event of a :class:`RunQueue`.

        Args:
            event (str): Its name.
            what (object): What it is about.
        """
        self._tell[event](what)

    def _started(self, running: Running) -> None:
        epochs = _epochs_before(running)
        text = f'goes on after epoch {epochs}' if epochs else ''
        self._line('started', running.run, text)

    def _ended(self, ending: Ending) -> None:
        self.done += ending.kind == 'done'
        self.failed += ending.kind == 'failed'
        style = dict(done='green', failed='red').get(ending.kind, '')
        text = ending.reason
        if ending.kind != 'stopped':
            text = '; '.join(filter(None, [text, self._left()]))
        self._line(ending.kind, ending.run, text, style)

    def _elsewhere(self, ending: Ending) -> None:
        self._line('elsewhere', ending.run,
                   f'{ending.reason} trains it; waiting for that', 'yellow')

    def _lacking(self, lack: str) -> None:
        self._print(
            Text(
                f'{lack}. What runs goes on; free some space and give the '
                'command again for the rest.', 'red'))

    def _line(self,
              word: str,
              run: PlannedRun,
              text: str = '',
              style: str = '') -> None:
        line = Text(f'{word:9} ', style).append(run.spec.name, '')
        self._print(line.append(f': {text}' if text else ''))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _look(self, queue: RunQueue) -> None:
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        left = [(run, epoch_reached(run.folder, stages=run.stages) or 0)
                for run in (*queue.waiting, *queue.elsewhere)]
        rows = []
        for running in queue.workers.running():
            run, seconds = running.run, time.time() - running.started
            before = _epochs_before(running)
            reached = epoch_reached(run.folder, running.started,
                                    run.stages) or before
            self._seen[run.folder] = (_training(run), seconds,
                                      reached - before)
            left.append((run, reached))
            of = '' if run.epochs is None else f' of {run.epochs}'
            rows.append(
                (run.spec.name, f'epoch {reached}{of}', duration(seconds)))
        self._seconds = self._estimate(left, queue.workers.count)
        if self._live.is_started:
            head = f'{self.done} done, {self.failed} failed, {self._left()}'
            self._live.update(
                Group(Text(head, 'bold'), _table(rows)), refresh=True)

    def _estimate(self, left: List[Tuple[PlannedRun, int]],
                  workers: int) -> Optional[float]:
        if any(run.epochs is None for run, _ in left):
            return None
        return seconds_left([(_training(run), max(0, run.epochs - reached))
                             for run, reached in left],
                            seconds_per_epoch(self._seen.values()), workers)

    def _left(self) -> str:
        left = self.total - self.done - self.failed
        text = f'{left} left'
        if not left or self._seconds is None:
            return text
        return f'{text}, about {duration(self._seconds)}'


def _training(run: PlannedRun) -> str:
    """What runs share that take about the same time per epoch."""
    return f'{run.spec.config_words} {run.spec.imbalance_factor}'


def _epochs_before(running: Running) -> int:
    if running.checkpoint is None:
        return 0
    run = running.run
    return epochs_behind(running.checkpoint, run.folder, run.stages)


def _table(rows: List[Tuple[str, str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
