# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A lock on a work folder that lives as long as the training in it.

Whoever trains in a folder holds an open file of it, and the system drops the
lock when the last process that has it open is gone, however it ends. So a
lock is never left over, and a training that outlives the benchmark which
started it keeps its folder. Nothing heavy is imported.
"""
import contextlib
import os
import os.path as osp
import socket
import time
import warnings
from typing import Iterator, Optional

try:
    import fcntl
except ImportError:  # systems that are no Unix have no such locks
    fcntl = None

NAME = '.running'
# Descriptor of the lock that a training was given by who started it.
GIVEN = 'MMCURV_LOCK'
TRIES = 4
MOMENT = 0.05  # seconds


def take_lock(folder: str) -> Optional[int]:
    """Lock a folder for a training that is about to start.

    Give the descriptor to the training (``pass_fds``, and its number as
    environment variable ``MMCURV_LOCK``) and close it when the training has
    ended. It is never unlocked by hand: that would unlock it for the training
    as well.

    Args:
        folder (str): Work folder, which exists.

    Returns:
        int | None: File descriptor; None if another process has the lock.

    Raises:
        OSError: If the file cannot be made, or there are no locks.
    """
    path = osp.join(folder, NAME)
    if fcntl is None:
        raise OSError('this system has no locks of files')
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
            error.errno, f'{error.strerror}: this file system '
            'cannot lock files', path) from error
    os.close(descriptor)
    return None


def is_locked(folder: str) -> bool:
    """Whether a training in a folder is alive, on any machine that sees it.

    Args:
        folder (str): Work folder.

    Returns:
        bool: False also where there is no such folder, or no locks.
    """
    if fcntl is None:
        return False
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
    """Note in the locked file which process trains."""
    text = f'process {process} on {socket.gethostname()}\n'
    # On a full disk the lock itself works as well without the note.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def lock_holder(folder: str) -> str:
    """Who trains in a folder: 'process 17 on node3', 'another process'."""
    try:
        with open(osp.join(folder, NAME), encoding='utf-8') as file:
            return file.read().strip() or 'another process'
    except OSError:
        return 'another process'


@contextlib.contextmanager
def lone_training(folder: str) -> Iterator[None]:
    """Hold the lock of a folder while this process trains in it.

    A benchmark that started the training has locked it already, and only the
    first of several processes does.

    Args:
        folder (str): Work folder; made if it is missing.

    Raises:
        BlockingIOError: If another process trains there; the message names
            it.
    """
    if fcntl is None or not is_first_process() or _was_given(folder):
        yield
        return
    os.makedirs(folder, exist_ok=True)
    try:
        lock = take_lock(folder)
    except OSError as error:
        warnings.warn(f'{error}; nobody will be kept from training in '
                      f'{folder} a second time')
        yield
        return
    if lock is None:
        raise BlockingIOError(
            f'{lock_holder(folder)} trains in {folder!r}. Wait for it, end '
            'it, or give another --work-dir')
    try:
        sign_lock(lock, os.getpid())
        yield
    finally:
        os.close(lock)


def is_first_process() -> bool:
    """By what torchrun, Slurm's srun and Open MPI tell, before the processes
    know each other."""
    ranks = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK')
    found = [os.environ[name] for name in ranks if name in os.environ]
    return not found or found[0] == '0'


def _was_given(folder: str) -> bool:
    try:
        own = os.fstat(int(os.environ[GIVEN]))
        return osp.samestat(own, os.stat(osp.join(folder, NAME)))
    except (KeyError, ValueError, OSError):
        return False
