# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A lock that lives as long as the training of a run.

The training inherits the open file, and the system drops the lock when the
last process that has it open is gone, however it ends. So a run whose
benchmark was killed stays locked until its training ends as well, and no
lock is ever left over.
"""
import contextlib
import fcntl
import os
import os.path as osp
import socket
import time
from typing import Optional

NAME = '.running'
TRIES = 4
MOMENT = 0.05  # seconds


def take_lock(folder: str) -> Optional[int]:
    """Lock a run for the training that is about to start.

    Give the file descriptor to the training (``pass_fds``) and close it when
    the training has ended. It is never unlocked by hand: that would unlock it
    for the training as well.

    Args:
        folder (str): Work folder of the run.

    Returns:
        int, optional: File descriptor; None if another process has the lock.

    Raises:
        OSError: If the file cannot be made, or its file system has no locks.
    """
    path = osp.join(folder, NAME)
    # Without truncation: the holder's note stays readable.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for _ in range(TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            # Somebody who only looks has it for less than a moment.
            time.sleep(MOMENT)
    except OSError as error:
        os.close(descriptor)
        raise OSError(
            error.errno, f'{error.strerror}: the file system cannot lock '
            'files, so a run could be started twice; choose another --root',
            path) from error
    os.close(descriptor)
    return None


def is_locked(folder: str) -> bool:
    """Whether a training of this run is alive, on any machine that sees it.

    Args:
        folder (str): Work folder of the run.

    Returns:
        bool: False also where there is no such folder.
    """
    try:
        descriptor = os.open(osp.join(folder, NAME), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask at once do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sign_lock(descriptor: int, process: int) -> None:
    """Note in the locked file which process trains.

    Args:
        descriptor (int): Of :func:`take_lock`.
        process (int): Number of the process.
    """
    text = f'process {process} on {socket.gethostname()}\n'
    # On a full disk the lock itself works as well without the note.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def lock_holder(folder: str) -> str:
    """Who trains a run, for messages.

    Args:
        folder (str): Work folder of the run.

    Returns:
        str: Such as 'process 17 on node3'; 'another process' if not noted.
    """
    try:
        with open(osp.join(folder, NAME), encoding='utf-8') as file:
            return file.read().strip() or 'another process'
    except OSError:
        return 'another process'
