# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One attempt at a run: watched, ended, and told how it went."""
import os
import os.path as osp
import signal
import time
from typing import List, Optional, Sequence

from mmcurv.benchmark.states.failure_record import signal_words, write_failure
from .disk_space import lack_of_space
from .error_line import last_error_line
from .planned_run import Ending, PlannedRun
from .start_run import LOG, Attempt, has_record, start_run

GRACE_SECONDS = 10.
POLL_SECONDS = 0.5


def finish_run(attempt: Attempt, stopped: bool = False) -> Ending:
    """Tell how a training that has ended went, and give its lock back.

    Args:
        attempt (Attempt): Its process has ended.
        stopped (bool): It was asked to end, so that is no failure. Defaults
            to False.

    Returns:
        Ending: 'done', 'failed' or 'stopped'.
    """
    run, code = attempt.run, attempt.process.returncode
    try:
        if has_record(run.folder):
            late = f'exit code {code} after the record' if code else ''
            return Ending(run, 'done', late)
        if stopped:
            return Ending(run, 'stopped')
        reason = _reason(attempt)
        words = f'exit code {code}: {reason}' if code > 0 else reason
        try:
            write_failure(run.folder, code, reason, LOG)
        except OSError as error:
            words += f'; failure.json was not written: {error.strerror}'
        return Ending(run, 'failed', words)
    finally:
        os.close(attempt.lock)


def stop_runs(attempts: Sequence[Attempt],
              grace: float = GRACE_SECONDS) -> None:
    """End trainings with all their processes.

    Args:
        attempts (Sequence[Attempt]): What to end.
        grace (float): Seconds before they are killed. Defaults to 10.0.
    """
    for attempt in attempts:
        _signal_group(attempt, signal.SIGTERM)
    until = time.monotonic() + grace
    while (any(attempt.process.poll() is None for attempt in attempts)
           and time.monotonic() < until):
        time.sleep(0.05)
    for attempt in attempts:
        _signal_group(attempt, signal.SIGKILL)
        attempt.process.wait()


def train_run(run: PlannedRun,
              threads: int = 1,
              gpu: Optional[str] = None) -> Ending:
    """Start or continue the training of a run and wait for its end.

    Args:
        run (PlannedRun): The run.
        threads (int): Of the training. Defaults to 1.
        gpu (str, optional): The only GPU that the training sees. Defaults to
            None, which changes nothing.

    Returns:
        Ending: How it ended.

    Raises:
        OSError: If its folder or the process cannot be made.
    """
    attempt = start_run(run, threads, gpu)
    if isinstance(attempt, Ending):
        return attempt
    stopped = True
    try:
        while attempt.process.poll() is None:
            time.sleep(POLL_SECONDS)
        stopped = False
    finally:
        if stopped:  # by a signal to this process; nobody would watch it
            stop_runs([attempt])
        ending = finish_run(attempt, stopped)
    return ending


def _reason(attempt: Attempt) -> str:
    run, code = attempt.run, attempt.process.returncode
    if code == 0:
        return ('the training ended without an error but wrote no run.json; '
                'its config needs mmcurv.RunRecordHook')
    if code < 0:
        reason = signal_words(code)
    else:
        reason = last_error_line(osp.join(run.folder, LOG),
                                 attempt.log_start) or 'no message'
    return '; '.join([reason, *_full_disk(run.folder)])


def _full_disk(folder: str) -> List[str]:
    """On a full disk not even the message of the error gets written."""
    try:
        lack = lack_of_space(folder, [])
    except OSError:  # the folder was removed meanwhile
        return []
    return [lack] if lack else []


def _signal_group(attempt: Attempt, number: int) -> None:
    try:
        os.killpg(attempt.process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # all of its processes are gone
