# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which listed files are not there."""
import os
import os.path as osp
from collections import defaultdict
from typing import List, Sequence

import numpy as np
from mmengine import fileio

from .list_checks import first_of

CHECKS = ('some', 'all', 'none')
SAMPLE = 32


def missing_files(paths: Sequence[str]) -> List[str]:
    """The local files that are not there.

    Every folder is listed once, which on network disks takes a small part of
    the time of asking for each file.

    Args:
        paths (Sequence[str]): Of files.

    Returns:
        list[str]: In the order given.
    """
    wanted = defaultdict(list)
    for i, path in enumerate(paths):
        folder, name = osp.split(path)
        wanted[folder].append((i, name))
    gone = []
    for folder, items in wanted.items():
        try:
            there = set(os.listdir(folder or '.'))
        except (FileNotFoundError, NotADirectoryError):
            there = set()
        gone += [i for i, name in items if name not in there]
    return [paths[i] for i in sorted(gone)]


def sampled(paths: Sequence[str]) -> List[str]:
    """At most 32 paths, evenly spread from the first to the last."""
    kept = np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths)))
    return [paths[i] for i in kept.astype(int)]


def check_files(paths: Sequence[str], source: str, check: str) -> None:
    """Check that listed images are there, without opening one.

    Args:
        paths (Sequence[str]): (N,) of all images.
        source (str): Their list, for messages.
        check (str): ``'some'`` looks for 32 of them, on any storage that
            mmengine knows; ``'all'`` for each, on local disks; ``'none'`` for
            none.

    Raises:
        FileNotFoundError: If files are missing; it says how many, and names
            five.
    """
    if check == 'none':
        return
    looked_for = list(paths) if check == 'all' else sampled(paths)
    gone = missing_files(looked_for) if check == 'all' else [
        path for path in looked_for if not fileio.exists(path)
    ]
    if gone:
        of = '' if check == 'all' else f' looked for, of {len(paths)} in all'
        raise FileNotFoundError(
            f'{source}: {len(gone)} of {len(looked_for)} images{of} are '
            f'missing: {first_of(gone)}. Point data_root at the folder that '
            'the paths of the list start from, or complete the images.')
