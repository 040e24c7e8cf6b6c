# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings side by side on this machine; given again, they go on.

Nothing is kept in memory that another benchmark, or the same one after a
kill, could not read from the folder of a run: its lock, its checkpoints, its
record or the reason of its failure.
"""
import contextlib
import os
import os.path as osp
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections import deque
from datetime import datetime
from typing import (Callable, Deque, Iterator, List, NamedTuple, Optional,
                    Sequence)

from mmcurv.arguments import UsageError
from mmcurv.engine.run_lock import (GIVEN, is_locked, lock_holder, sign_lock,
                                    take_lock)
from mmcurv.files import bytes_text
from .matrix import RunSpec
from .run_folder import (FAILURE, LOG, RECORD, can_start, checkpoints,
                         has_ended, signal_words, write_failure)

SIGNALS = [
    getattr(signal, name) for name in ('SIGINT', 'SIGTERM', 'SIGHUP')
    if hasattr(signal, name)
]
GRACE_SECONDS = 10.
LOOK_ELSEWHERE_SECONDS = 5.
LEAST_SPACE = 200 * 10**6  # bytes
# A run keeps three checkpoints and, while it saves, writes a fourth one.
CHECKPOINTS = 10
TAIL_BYTES = 1 << 16  # further up stands the way to an error, not the error
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')
# As Python ends a traceback, argparse a misuse and shells a crash.
ERROR = re.compile(r'[\w.]*(Error|Exception|Interrupt|Exit)(:|$)'
                   r'|\S+: error: |Segmentation fault|Killed')


class PlannedRun(NamedTuple):
    """A run of a matrix, ready to be started.

    Attributes:
        spec (RunSpec): What is trained, and where.
        command (list[str]): Command line that starts or continues it.
        stages (Sequence[int | None]): Epochs of its stages, in their order;
            None if one counts iterations.
    """
    spec: RunSpec
    command: List[str]
    stages: Sequence[Optional[int]] = (None, )

    @property
    def folder(self) -> str:
        """Work folder."""
        return self.spec.folder

    @property
    def epochs(self) -> Optional[int]:
        """Of the whole training; None if the config does not say."""
        return None if None in self.stages else sum(self.stages)


class Ending(NamedTuple):
    """How one attempt at a run ended.

    Attributes:
        run (PlannedRun): The run.
        kind (str): 'done', 'failed', 'stopped' before its end, 'running' in
            another process, which was left alone, or 'not run' as a branch
            whose trunk left nothing to begin with.
        reason (str): What there is to say about it, on one line.
    """
    run: PlannedRun
    kind: str
    reason: str = ''


class Worker(NamedTuple):
    """What one training gets of the machine: threads for its computations,
    and the GPU that it sees, as CUDA_VISIBLE_DEVICES names it."""
    threads: int = 1
    gpu: Optional[str] = None


def plan_workers(cores: int,
                 gpus: Sequence[str] = (),
                 workers: Optional[int] = None,
                 threads: Optional[int] = None) -> List[Worker]:
    """Share a machine out among trainings.

    Two trainings with two threads each on two cores take much longer than one
    after the other, so by default each has one thread and there are as many as
    cores, or, with GPUs, one on each GPU. Where more are asked for than there
    are GPUs, they share.

    Raises:
        UsageError: If what is asked for is more than there is.
    """
    threads = 1 if threads is None else threads
    for name, value in (('--workers', workers), ('--threads', threads)):
        if value is not None and value < 1:
            raise UsageError(f'{name}: expected at least 1, got {value}')
    if workers is None:
        workers = max(1, cores // threads)
        workers = min(workers, len(gpus)) if gpus else workers
    if workers * threads > cores:
        raise UsageError(
            f'{workers} workers with {threads} threads each need '
            f'{workers * threads} cores, and there are {cores}: they would '
            'slow each other down. Lower --workers or --threads')
    return [
        Worker(threads, gpus[i % len(gpus)] if gpus else None)
        for i in range(workers)
    ]


class Training:
    """One attempt at a run, as a process of its own.

    The process inherits the open lock, so that the run stays locked for as
    long as it lives, whoever started it.

    Raises:
        BlockingIOError: If another process trains the run, which is named.
        OSError: If its folder or the process cannot be made.
    """

    def __init__(self, run: PlannedRun, worker: Worker = Worker()):
        self.run, self.worker = run, worker
        self.process: Optional[subprocess.Popen] = None
        self.started, self.log_start = time.time(), 0
        self._lock: Optional[int] = None
        if has_ended(run.folder):
            return
        os.makedirs(run.folder, exist_ok=True)
        # Held here as well until the ending is told: nobody shall start the
        # run between its failure and the record of that.
        self._lock = take_lock(run.folder)
        if self._lock is None:
            raise BlockingIOError(lock_holder(run.folder))
        try:
            # It may have ended between the first look and the lock.
            if not has_ended(run.folder):
                self.process = self._start(self._lock)
                sign_lock(self._lock, self.process.pid)
        except BaseException:
            os.close(self._lock)
            raise

    def _start(self, lock: int) -> subprocess.Popen:
        folder = self.run.folder
        with contextlib.suppress(FileNotFoundError):
            os.remove(osp.join(folder, FAILURE))
        threads = str(self.worker.threads)
        environment = dict(
            os.environ,
            OMP_NUM_THREADS=threads,
            MKL_NUM_THREADS=threads,
            **{GIVEN: str(lock)})
        if self.worker.gpu is not None:
            environment['CUDA_VISIBLE_DEVICES'] = self.worker.gpu
        now = datetime.now().isoformat(sep=' ', timespec='seconds')
        with open(osp.join(folder, LOG), 'ab') as log:
            line = f'[benchmark {now}] {shlex.join(self.run.command)}\n'
            log.write(line.encode())
            log.flush()
            self.log_start = log.tell()
            return subprocess.Popen(
                self.run.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=(lock, ),
                # Its own group: Ctrl-C is for the benchmark, which then ends
                # the training together with its data loaders.
                start_new_session=True)

    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self.process is None or self.process.poll() is not None

    def ending(self, stopped: bool = False) -> Ending:
        """Tell how a training that has ended went, its folder as well, and
        give the lock back. That it was ``stopped`` is no failure."""
        try:
            return self._ending(stopped)
        finally:
            if self._lock is not None:
                os.close(self._lock)

    def _ending(self, stopped: bool) -> Ending:
        code = self.process.returncode if self.process else 0
        if has_ended(self.run.folder):
            late = f'exit code {code} after the record' if code else ''
            return Ending(self.run, 'done', late)
        if stopped:
            return Ending(self.run, 'stopped')
        reason = self._reason(code)
        words = f'exit code {code}: {reason}' if code > 0 else reason
        try:
            write_failure(self.run.folder, code, reason)
        except OSError as error:
            words += f'; {FAILURE} was not written: {error.strerror}'
        return Ending(self.run, 'failed', words)

    def _reason(self, code: int) -> str:
        path = osp.join(self.run.folder, LOG)
        if code == 0:
            reason = ('the training ended without an error but without a '
                      f'whole {RECORD}; its config needs mmcurv.RunRecordHook')
        elif code < 0:
            reason = signal_words(-code)
        else:
            reason = last_error_line(path, self.log_start) or 'no message'
        # On a full disk not even the message of the error gets written.
        lack = lack_of_space(self.run.folder)
        return '; '.join(filter(None, [reason, lack]))

    def signal(self, number: int) -> None:
        """Send a signal to the training and all of its processes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def stop_trainings(trainings: Sequence[Training],
                   grace: float = GRACE_SECONDS) -> None:
    """End trainings with all their processes; what lives for longer than
    ``grace`` seconds is killed."""
    trainings = [training for training in trainings if training.process]
    for training in trainings:
        training.signal(signal.SIGTERM)
    until = time.monotonic() + grace
    while (not all(training.has_ended() for training in trainings)
           and time.monotonic() < until):
        time.sleep(0.05)
    for training in trainings:
        training.signal(signal.SIGKILL)
        training.process.wait()


def train_run(run: PlannedRun,
              worker: Worker = Worker(),
              poll: float = 0.5) -> Ending:
    """Start or continue the training of a run and wait for its end, with a
    look every ``poll`` seconds.

    Raises:
        OSError: If its folder or the process cannot be made.
    """
    try:
        training = Training(run, worker)
    except BlockingIOError as error:
        return Ending(run, 'running', str(error))
    stopped = True
    try:
        while not training.has_ended():
            time.sleep(poll)
        stopped = False
    finally:
        if stopped:  # by a signal to this process; nobody would watch it
            stop_trainings([training])
        ending = training.ending(stopped)
    return ending


class RunQueue:
    """All runs of a matrix, one after the other on what is free.

    A run that fails does not stop the others. One that another process trains
    is waited for, and never started a second time. A branch waits until its
    trunk has the checkpoint that it begins with, and no longer.

    Args:
        workers (Sequence[Worker]): What trains the runs.
        watch (Callable): Is called with 'started', 'ended', 'elsewhere' or
            'lacking' and with what it is about: a Training, an Ending, an
            Ending or a text; and with 'look' and the queue in each round.
        stop (Sequence): Everything ends as soon as this is not empty.
        poll (float): Seconds between two rounds.

    Attributes:
        waiting, busy, elsewhere: What was not started yet, is trained now, and
            is trained by other processes.
        endings (list[Ending]): In the order of the ends.
        lack (str): Why nothing more is started; '' if nothing hinders.
    """

    def __init__(self,
                 workers: Sequence[Worker],
                 watch: Callable[[str, object], None] = lambda *event: None,
                 stop: Sequence = (),
                 poll: float = 0.2):
        self.workers = len(workers)
        self.waiting: Deque[PlannedRun] = deque()
        self.busy: List[Training] = []
        self.elsewhere: List[PlannedRun] = []
        self.endings: List[Ending] = []
        self.lack = ''
        self._idle = [*workers]
        self._largest = 0  # bytes of a checkpoint, as far as any was seen
        self._watch, self._stop, self._poll = watch, stop, poll
        self._looked = 0.

    def run(self, runs: Sequence[PlannedRun]) -> List[Ending]:
        """Train runs, in their order, until all have ended or nothing more can
        be done. Those that were not started are not among the endings."""
        self.waiting.extend(runs)
        try:
            while self._is_busy() and not self._stop:
                self._fill()
                self._watch('look', self)
                time.sleep(self._poll)
                self._look_elsewhere()
                self._collect_ended()
        finally:
            self._collect_ended()  # what ended by itself was not stopped
            stop_trainings(self.busy)
            for training in self.busy:
                self._note(training.ending(stopped=True))
            self.busy = []
        return self.endings

    def _is_busy(self) -> bool:
        return bool(
            self.busy or self.elsewhere or (self.waiting and not self.lack))

    def _fill(self) -> None:
        self._give_up_branches()
        while self._idle and not self.lack:
            run = next((one for one in self.waiting if can_start(one.spec)),
                       None)
            if run is None:
                return
            self._see_checkpoints(run)
            self.lack = lack_of_space(run.folder, self._largest)
            if self.lack:
                self._watch('lacking', self.lack)
                return
            self.waiting.remove(run)
            try:
                training = Training(run, self._idle[0])
            except BlockingIOError as error:
                self._note(Ending(run, 'running', str(error)))
            except OSError as error:  # of this run; the others may do better
                self._note(
                    Ending(run, 'failed', f'it could not be started: {error}'))
            else:
                if training.process is None:  # it has ended meanwhile
                    self._note(training.ending())
                    continue
                self._idle.pop(0)
                self.busy.append(training)
                self._watch('started', training)

    def _give_up_branches(self) -> None:
        """Note those whose trunk is trained no more and left no start."""
        alive = {one.folder for one in (*self.waiting, *self.elsewhere)}
        alive |= {training.run.folder for training in self.busy}
        for run in [one for one in self.waiting if not can_start(one.spec)]:
            trunk = run.spec.branch.trunk
            if trunk.folder not in alive:
                reasons = [
                    f'its trunk {trunk.name} is not in training here and has '
                    f'no {osp.basename(run.spec.branch.checkpoint)}'
                ]
                reasons += (
                    one.reason for one in self.endings
                    if one.run.folder == trunk.folder and one.reason)
                self.waiting.remove(run)
                self._note(Ending(run, 'not run', '; '.join(reasons)))

    def _collect_ended(self) -> None:
        for training in [one for one in self.busy if one.has_ended()]:
            self.busy.remove(training)
            self._idle.append(training.worker)
            self._see_checkpoints(training.run)
            self._note(training.ending())

    def _see_checkpoints(self, run: PlannedRun) -> None:
        for _, path in checkpoints(run.folder):
            with contextlib.suppress(OSError):  # a training replaces them
                self._largest = max(self._largest, osp.getsize(path))

    def _note(self, ending: Ending) -> None:
        if ending.kind == 'running':
            self.elsewhere.append(ending.run)
            self._watch('elsewhere', ending)
        else:
            self.endings.append(ending)
            self._watch('ended', ending)

    def _look_elsewhere(self) -> None:
        """Take back runs whose other process has ended: without a record and a
        failure it was killed, and the run goes on here."""
        if time.monotonic() - self._looked < LOOK_ELSEWHERE_SECONDS:
            return
        self._looked = time.monotonic()
        for run in [
                one for one in self.elsewhere if not is_locked(one.folder)
        ]:
            self.elsewhere.remove(run)
            if osp.lexists(osp.join(run.folder, FAILURE)):
                self._note(
                    Ending(run, 'failed', 'it failed in the other process'))
            else:
                self.waiting.appendleft(run)


@contextlib.contextmanager
def stop_signals() -> Iterator[List[int]]:
    """Collect the numbers of Ctrl-C and its kin while the block runs, for a
    loop to see.

    An exception in the middle of a start would leave a training that nobody
    knows of. Signals that are ignored, as SIGHUP under ``nohup``, stay so.
    """
    received: List[int] = []
    before = {}
    try:
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(
                    number, lambda number, frame: received.append(number))
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lack_of_space(folder: str, largest: int = 0) -> str:
    """Say what is missing for a run to be started, '' if there is room.

    Ten checkpoints as large as the ``largest`` known (in bytes) must fit.
    """
    while folder and not osp.isdir(folder):
        folder = osp.dirname(folder)
    free = shutil.disk_usage(folder or '.').free
    needed = max(LEAST_SPACE, CHECKPOINTS * largest)
    if free >= needed:
        return ''
    return (f'{bytes_text(free)} are free in {folder}, and '
            f'{bytes_text(needed)} must be for another run to start')


def last_error_line(path: str, start: int = 0) -> str:
    """The last line of a log, from the byte ``start`` on, that names an error.

    Without colours and cut to 300 characters; the last line at all if none
    names an error, '' if there is none.
    """
    try:
        with open(path, 'rb') as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - TAIL_BYTES))
            text = file.read().decode('utf-8', errors='replace')
    except OSError:
        return ''
    return error_line(text)


def error_line(text: str) -> str:
    """Same as :func:`last_error_line`, of what a program printed."""
    # A progress bar overwrites its line, so only its last state counts.
    lines = [line.rpartition('\r')[2] for line in text.split('\n')]
    lines = [ANSI.sub('', line).rstrip() for line in lines if line.strip()]
    named = [line for line in lines if ERROR.match(line)]
    return (named or lines or [''])[-1].strip()[:300]
