# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The run that somebody means."""
import os.path as osp
from typing import Sequence

from mmcurv.benchmark.matrix import RunSpec
from mmcurv.engine.config_options import UsageError

CANDIDATES = 20


def find_run(runs: Sequence[RunSpec], words: str) -> RunSpec:
    """The run that somebody means.

    Args:
        runs (Sequence[RunSpec]): To choose from.
        words (str): Its name or folder, or a part that no other run has.

    Returns:
        RunSpec: The run.

    Raises:
        UsageError: If no run or several fit; the message lists them.
    """
    words = words.lower().rstrip('/')
    exact = [run for run in runs if words in _names(run)]
    found = exact or [
        run for run in runs if any(words in name for name in _names(run))
    ]
    if len(found) == 1:
        return found[0]
    what = f'{len(found)} runs fit' if found else 'no run fits'
    lines = [
        f'  {run.name}  ({short_folder(run)})'
        for run in (found or runs)[:CANDIDATES]
    ]
    more = len(found or runs) - len(lines)
    if more > 0:
        lines.append(f'  and {more} more')
    raise UsageError('\n'.join(
        [f'RUN: {what} {words!r}; expected a part of one of', *lines]))


def short_folder(run: RunSpec) -> str:
    """Folder of a run within its matrix, such as 'ce_cr/cifar10-lt/seed0'.

    Args:
        run (RunSpec): The run.

    Returns:
        str: Path with forward slashes.
    """
    parts = run.folder.replace(osp.sep, '/').split('/')
    # Method, data, variant if any, and seed.
    return '/'.join(parts[-4 if run.variant else -3:])


def _names(run: RunSpec) -> tuple:
    names = (run.name, short_folder(run), run.folder, osp.abspath(run.folder))
    return tuple(name.lower() for name in names)
