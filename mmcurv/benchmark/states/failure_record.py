# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Why the last attempt at a run failed, as ``failure.json``."""
import os
import os.path as osp
import signal
from datetime import datetime, timezone

from mmcurv.files import write_json

NAME = 'failure.json'
SCHEMA = 'mmcurv.failure'
SCHEMA_VERSION = 1


def write_failure(folder: str, exit_code: int, reason: str, log: str) -> None:
    """Write ``failure.json``, whole or not at all.

    Args:
        folder (str): Work folder of the run.
        exit_code (int): Of the training; minus the number of the signal that
            ended it.
        reason (str): On one line.
        log (str): Name of the log in the folder.
    """
    created = datetime.now(timezone.utc).isoformat(timespec='seconds')
    write_json(
        osp.join(folder, NAME),
        dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            exit_code=exit_code,
            reason=reason,
            log=log,
            created=created))


def remove_failure(folder: str) -> None:
    """Remove ``failure.json``, as a new attempt has begun.

    Args:
        folder (str): Work folder of the run.
    """
    if has_failure(folder):
        os.remove(osp.join(folder, NAME))


def has_failure(folder: str) -> bool:
    """Whether the last attempt at a run is known to have failed.

    Args:
        folder (str): Work folder of the run.

    Returns:
        bool: Whether there is a ``failure.json``.
    """
    return osp.lexists(osp.join(folder, NAME))


def signal_words(exit_code: int) -> str:
    """What it means that a signal ended a program.

    Args:
        exit_code (int): Minus the number of the signal.

    Returns:
        str: Such as 'killed by SIGTERM'.
    """
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f'signal {-exit_code}'
    hint = ''
    if -exit_code == signal.SIGKILL:
        hint = '; often because the machine ran out of memory'
    return f'killed by {name}{hint}'
