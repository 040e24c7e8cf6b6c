# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Configs that a matrix names and that are not there."""
import os
from pathlib import Path
from typing import Iterable, List, Tuple

from mmcurv.engine.shipped_files import config_file
from mmcurv.files import did_you_mean
from .run_spec import RunSpec


def missing_configs(runs: Iterable[RunSpec]) -> List[Tuple[str, str]]:
    """Configs, and files over them, that do not exist.

    Args:
        runs (Iterable[RunSpec]): Runs; those without config are no fault.

    Returns:
        list[tuple[str, str]]: Each file once, and what could be meant.
    """
    configs = dict.fromkeys(
        path for run in runs if run.config
        for path in (run.config, *run.with_files))
    return [(config, _reason(config)) for config in configs
            if not _exists(config)]


def _exists(config: str) -> bool:
    try:
        return bool(config_file(config))
    except FileNotFoundError:
        return False


def _reason(config: str) -> str:
    folder = Path(config).parent
    while not folder.is_dir():  # ends at '.' or '/'
        folder = folder.parent
    # From another folder than the project's nothing near is to be found, and
    # a walk through the whole disk would take long.
    if folder not in (Path('.'), Path(folder.anchor)):
        known = map(str, sorted(folder.rglob('*.py')))
        near = did_you_mean(config, known)
        if near.startswith('did'):
            return f'no such file: {near}'
    return f'no such file; the current folder is {os.getcwd()!r}'
