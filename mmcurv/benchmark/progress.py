# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What happens to the runs of a matrix, told in the terminal."""
import os.path as osp
import re
import time
from typing import Dict, List, Optional

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .queue import Ending, PlannedRun, RunQueue, Training
from .run_folder import LOG

LOOK_SECONDS = 1.
# Lines of mmengine's log, and the one that begins a stage.
STAGE = re.compile(r'Stage (\d+) of \d+: ')
TRAINED = re.compile(r'Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/(\d+)\]'
                     r'.*?\beta: (\d[\w ,:]*?\d\d)\s')
EVALUATED = re.compile(r'Epoch\(val\)\s+\[(\d+)\]\[\s*(\d+)/\2\]'
                       r'.*?accuracy/top1: ([\d.]+)')


class LogReader:
    """How far a training is, by what it has printed since the last look: the
    epoch over all stages, the time left of the stage as the training estimates
    it, and the accuracy of the last evaluation, in per cent. ``start`` bytes
    of its log are of earlier attempts."""

    def __init__(self, run: PlannedRun, start: int = 0):
        self.epoch: Optional[int] = None
        self.left = self.accuracy = ''
        self._path, self._place = osp.join(run.folder, LOG), start
        self._stages, self._before = run.stages, 0

    def look(self) -> 'LogReader':
        """Read the lines that are new."""
        try:
            with open(self._path, 'rb') as file:
                file.seek(self._place)
                whole = file.read().rpartition(b'\n')[0]
        except OSError:
            return self
        if whole:
            self._place += len(whole) + 1
        for line in whole.decode('utf-8', errors='replace').splitlines():
            self._read(line)
        return self

    def _read(self, line: str) -> None:
        if match := STAGE.search(line):
            earlier = self._stages[:int(match[1]) - 1]
            self._before = sum(epochs or 0 for epochs in earlier)
        elif match := TRAINED.search(line):
            self.epoch, self.left = self._before + int(match[1]), match[4]
        elif match := EVALUATED.search(line):
            self.epoch = self._before + int(match[1])
            self.accuracy = match[3]


class RunProgress:
    """Tells what happens: lines for events, a table that moves for the rest.

    A pipe gets the lines only. Of ``total`` runs asked for ``done`` had ended
    before.
    """

    def __init__(self, console: Console, total: int, done: int = 0):
        self.total, self.done, self.failed = total, done, 0
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._looked = 0.
        self._logs: Dict[str, LogReader] = {}
        self._started: Dict[str, float] = {}
        self._took: Dict[str, List[float]] = {}  # seconds, by training
        self._queue: Optional[RunQueue] = None
        self._tell = dict(
            started=self._tell_start,
            ended=self._tell_end,
            elsewhere=self._tell_elsewhere,
            lacking=self._tell_lack,
            look=self._look)

    def __enter__(self) -> 'RunProgress':
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exception) -> None:
        self._live.update(Text(), refresh=self._live.is_started)
        self._live.stop()

    def __call__(self, event: str, what: object) -> None:
        """Tell one event of a :class:`~mmcurv.benchmark.queue.RunQueue`."""
        self._tell[event](what)

    def _tell_start(self, training: Training) -> None:
        run = training.run
        self._logs[run.folder] = LogReader(run, training.log_start)
        self._started[run.folder] = training.started
        self._line('started', run, osp.join(run.folder, LOG))

    def _tell_end(self, ending: Ending) -> None:
        self.done += ending.kind == 'done'
        self.failed += ending.kind == 'failed'
        self._logs.pop(ending.run.folder, None)
        started = self._started.pop(ending.run.folder, None)
        if ending.kind == 'done' and started is not None:
            self._took.setdefault(_training(ending.run),
                                  []).append(time.time() - started)
        style = dict(done='green', failed='red').get(ending.kind, '')
        text = ending.reason
        if ending.kind != 'stopped':
            text = '; '.join(filter(None, [text, self._left()]))
        self._line(ending.kind, ending.run, text, style)

    def _tell_elsewhere(self, ending: Ending) -> None:
        self._line('elsewhere', ending.run,
                   f'{ending.reason} trains it; waiting for that', 'yellow')

    def _tell_lack(self, lack: str) -> None:
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
        self._queue = queue
        if (not self._live.is_started
                or time.monotonic() - self._looked < LOOK_SECONDS):
            return
        self._looked = time.monotonic()
        table = Table(box=None, pad_edge=False, header_style='dim')
        for name in ('running', 'epoch', 'time left', 'accuracy', 'since'):
            table.add_column(
                name, justify='left' if name == 'running' else 'right')
        for training in queue.busy:
            run, log = training.run, self._logs[training.run.folder].look()
            epoch = '' if log.epoch is None else str(log.epoch)
            of = f' of {run.epochs}' if epoch and run.epochs else ''
            table.add_row(*map(Text, (
                run.spec.name, epoch + of, log.left, log.accuracy,
                duration(time.time() - training.started))))  # yapf: disable
        head = f'{self.done} done, {self.failed} failed, {self._left()}'
        self._live.update(
            Group(Text(head, 'bold'), *[table] * bool(queue.busy)),
            refresh=True)

    def _left(self) -> str:
        """Runs left, and how long what ended here says that they take."""
        left = self.total - self.done - self.failed
        text, queue = f'{left} left', self._queue
        if not (left and queue and self._took):
            return text
        means = {key: sum(took) / len(took)
                 for key, took in self._took.items()}  # yapf: disable
        mean = sum(means.values()) / len(means)
        now = time.time()
        waiting = [*queue.waiting, *queue.elsewhere]
        times = [means.get(_training(run), mean) for run in waiting]
        times += (
            max(0.,
                means.get(_training(one.run), mean) - now + one.started)
            for one in queue.busy)
        # The last runs do not get faster by workers with nothing to do.
        seconds = max(sum(times) / queue.workers, max(times, default=0.))
        return f'{text}, about {duration(seconds)}'


def duration(seconds: float) -> str:
    """A time span in two units, such as '2 h 5 min' or '3 min 7 s'."""
    seconds = round(seconds)
    if seconds < 60:
        return f'{seconds} s'
    if seconds < 3600:
        return f'{seconds // 60} min {seconds % 60} s'
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f'{minutes // 60} h {minutes % 60} min'
    hours = round(minutes / 60)
    return f'{hours // 24} d {hours % 24} h'


def _training(run: PlannedRun) -> str:
    """What runs share that take about the same time."""
    return f'{run.spec.config_words} {run.spec.imbalance_factor}'
