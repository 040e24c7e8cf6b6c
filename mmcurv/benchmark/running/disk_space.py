# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the disk has room for another run."""
import os
import shutil
from pathlib import Path
from typing import Iterable, Optional

from mmcurv.benchmark.states.last_good_checkpoint import checkpoints
from mmcurv.engine.stages.config import FOLDER

AT_LEAST = 200 * 10**6  # bytes
CHECKPOINTS = 10


def lack_of_space(root: str, folders: Iterable[str]) -> Optional[str]:
    """Say what is missing for another run to be started.

    Ten times the largest checkpoint must be free, and at least 200 MB: a run
    keeps three checkpoints and, while it saves, writes a fourth one.

    Args:
        root (str): Folder of the runs; must exist.
        folders (Iterable[str]): Work folders, whose checkpoints tell how much
            a run takes.

    Returns:
        str, optional: On one line; None if there is room.
    """
    sizes = [
        _size(path) for folder in folders
        for own in (folder, *Path(folder).glob(f'{FOLDER}*'))
        for path in checkpoints(str(own))
    ]
    needed = max([AT_LEAST, *(CHECKPOINTS * size for size in sizes)])
    free = shutil.disk_usage(root).free
    if free >= needed:
        return None
    return (f'{megabytes(free)} are free in {root}, and {megabytes(needed)} '
            'must be for another run to start')


def megabytes(size: int) -> str:
    """A size in words.

    Args:
        size (int): Bytes.

    Returns:
        str: Such as '1,024 MB'.
    """
    return f'{size / 10**6:,.0f} MB'


def _size(path) -> int:
    try:
        return os.path.getsize(path)
    except OSError:  # a running training replaces its checkpoints
        return 0
