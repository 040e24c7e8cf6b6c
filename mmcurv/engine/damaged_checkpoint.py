# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What to tell of a checkpoint that is not whole, and what to take instead."""
import os
import os.path as osp
import zipfile
from typing import Optional, Tuple

ZIP, PICKLE = b'PK', b'\x80'  # how torch's files begin, before 1.6 the latter


class DamagedCheckpoint(RuntimeError):
    """A checkpoint file breaks off, is empty or holds something else."""


def is_damaged(path: str, error: Exception) -> bool:
    """Whether a file failed to load because it is not whole.

    Args:
        path (str): Path of the file.
        error (Exception): What :func:`torch.load` raised.

    Returns:
        bool: False for a whole file whose content torch refuses, or that
        lacks memory.
    """
    if zipfile.is_zipfile(path):
        # Its reader's complaint, or check sums that torch does not look at.
        return 'PytorchStreamReader' in str(error) or not _sums_fit(path)
    with open(path, 'rb') as file:
        begins = file.read(2)
    return not begins.startswith(PICKLE) or isinstance(
        error, EOFError) or 'truncated' in str(error)


def _sums_fit(path: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:
        return False


def describe_damage(path: str, error: Exception) -> str:
    """What is wrong with a file that is not whole, and what to do.

    Args:
        path (str): Path of the file.
        error (Exception): What :func:`torch.load` raised.

    Returns:
        str: Sentences for the one who wants to load it.
    """
    size = osp.getsize(path)
    with open(path, 'rb') as file:
        begins = file.read(2)
    if size == 0:
        wrong = 'an empty file'
    elif begins.startswith((ZIP, PICKLE)):
        wrong = f'one that breaks off or is damaged after {size} bytes'
    else:
        wrong = f'{size} bytes that are no checkpoint of torch'
    words = str(error).strip().split('\n')[0]
    return (f'expected a whole checkpoint in {path}, got {wrong} (torch '
            f'says: {words!r}). {advice(path)}')


def advice(path: str) -> str:
    """Which checkpoint to take instead of one that is of no use.

    Args:
        path (str): Path of the file, which need not exist.

    Returns:
        str: Names the newest whole file beside it, if there is one.
    """
    newest = newest_whole(osp.dirname(path) or '.', osp.basename(path))
    if newest is None:
        return ('There is no other checkpoint beside it: take one from '
                'elsewhere, or start anew without resume.')
    return (f'The newest whole checkpoint beside it is {newest}: resume from '
            'that (--resume, or load_from with resume=True).')


def newest_whole(folder: str, but: str) -> Optional[str]:
    """The newest checkpoint of a folder whose file is complete.

    Args:
        folder (str): Where to look, without its sub-folders.
        but (str): Name of a file that is left out.

    Returns:
        str | None: Its path; None if there is none.
    """
    if not osp.isdir(folder):
        return None
    paths = [
        osp.join(folder, name) for name in os.listdir(folder)
        if name.endswith('.pth') and name != but
    ]
    whole = [path for path in paths if zipfile.is_zipfile(path)]
    return max(whole, key=_rank, default=None)


def _rank(path: str) -> Tuple[bool, float]:
    # The best epoch may be an early one, also where it was saved last.
    return not osp.basename(path).startswith('best_'), osp.getmtime(path)
