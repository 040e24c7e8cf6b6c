# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The start of an attempt at a run, from its last whole checkpoint."""
import os
import os.path as osp
import shlex
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from typing import IO, List, Optional, Union

from mmcurv.benchmark.collecting.run_records import RECORD
from mmcurv.benchmark.states.failure_record import remove_failure
from mmcurv.benchmark.states.last_good_checkpoint import last_good_checkpoint
from mmcurv.benchmark.states.run_lock import lock_holder, sign_lock, take_lock
from .planned_run import Ending, PlannedRun

LOG = 'console.log'


@dataclass(frozen=True)
class Attempt:
    """A training that was started.

    Attributes:
        run (PlannedRun): The run.
        process (Popen): The training, first of its own process group.
        lock (int): File descriptor, which the training has open as well.
        log_start (int): Bytes of the log that are of earlier attempts.
        checkpoint (str, optional): What it goes on from.
        started (float): Time of the start, in seconds since 1970.
    """
    run: PlannedRun
    process: subprocess.Popen
    lock: int
    log_start: int
    checkpoint: Optional[str]
    started: float


def has_record(folder: str) -> bool:
    """Whether a run has ended; then it is never started again.

    Args:
        folder (str): Work folder of the run.

    Returns:
        bool: Whether there is a ``run.json``, readable or not.
    """
    return osp.lexists(osp.join(folder, RECORD))


def train_command(run: PlannedRun, checkpoint: Optional[str]) -> List[str]:
    """Command line of an attempt.

    Args:
        run (PlannedRun): The run.
        checkpoint (str, optional): To go on from; None starts anew.

    Returns:
        list[str]: Program and arguments.
    """
    if checkpoint is None:
        return [*run.command, '--overwrite']  # what an attempt left, if any
    return [*run.command, '--resume', checkpoint]


def start_run(run: PlannedRun,
              threads: int = 1,
              gpu: Optional[str] = None) -> Union[Attempt, Ending]:
    """Start or continue the training of a run, unless somebody else does.

    Args:
        run (PlannedRun): The run.
        threads (int): Of the training. Defaults to 1.
        gpu (str, optional): The only GPU that the training sees. Defaults to
            None, which changes nothing.

    Returns:
        Attempt or Ending: The latter, if it is done already or another
        process trains it.

    Raises:
        OSError: If its folder or the process cannot be made.
    """
    if has_record(run.folder):
        return Ending(run, 'done')
    os.makedirs(run.folder, exist_ok=True)
    lock = take_lock(run.folder)
    if lock is None:
        return Ending(run, 'running', lock_holder(run.folder))
    started = None
    try:
        # It may have ended between the first look and the lock.
        if has_record(run.folder):
            return Ending(run, 'done')
        started = _start(run, lock, threads, gpu)
        return started
    finally:
        if started is None:
            os.close(lock)


def _start(run: PlannedRun, lock: int, threads: int,
           gpu: Optional[str]) -> Attempt:
    remove_failure(run.folder)
    checkpoint, damaged = last_good_checkpoint(run.folder, run.stages)
    command = train_command(run, checkpoint)
    environment = dict(
        os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    if gpu is not None:
        environment['CUDA_VISIBLE_DEVICES'] = gpu
    with open(osp.join(run.folder, LOG), 'ab') as log:
        _note(log, [f'{path} is damaged and was skipped'
                    for path in damaged] + [shlex.join(command)])
        start = log.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(lock, ),
            # Its own group: Ctrl-C is for the benchmark, which then ends the
            # training together with its data loaders.
            start_new_session=True)
    attempt = Attempt(run, process, lock, start, checkpoint, time.time())
    sign_lock(lock, process.pid)
    return attempt


def _note(log: IO[bytes], lines: List[str]) -> None:
    now = datetime.now().isoformat(sep=' ', timespec='seconds')
    for line in lines:
        log.write(f'[benchmark {now}] {line}\n'.encode())
    log.flush()
