# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config of a run with its options, as the training will read it."""
import copy
import functools
import json
from typing import Optional, Tuple

from mmengine.config import Config

from mmcurv.benchmark.running.option_arguments import option_arguments
from mmcurv.engine.config_hash import config_hash
from mmcurv.engine.config_options import UsageError, check_options
from mmcurv.engine.stages.stage_epochs import stage_epochs
from mmcurv.engine.stages.stage_progress import StageEpochs, total_epochs
from .run_spec import RunSpec
from .shipped_files import config_file


def spec_config(spec: RunSpec) -> Config:
    """Read the config of a run and change it by its options.

    Each file is read once a process, since many runs share it; so is each
    set of changes. Do not change what comes back.

    Args:
        spec (RunSpec): A run with a config.

    Returns:
        Config: Without seed and work folder of the run.

    Raises:
        UsageError: If there is no such file, it is no config, or an option
            has no place in it.
    """
    return _changed(spec.config, json.dumps(spec.options))


def spec_hash(spec: RunSpec) -> str:
    """Hash of :func:`spec_config`, equal for all seeds."""
    return _hash(spec.config, json.dumps(spec.options))


def spec_epochs(spec: RunSpec) -> Optional[int]:
    """Epochs of all stages of the training; None if one counts iterations.
    """
    return total_epochs(spec_stages(spec))


def spec_stages(spec: RunSpec) -> Tuple[StageEpochs, ...]:
    """The stages of the training, one for a config without ``stages``."""
    return _stages(spec.config, json.dumps(spec.options))


def read_config(path: str) -> Config:
    """Read a config file, whatever may be wrong with it.

    Args:
        path (str): Path of the file.

    Returns:
        Config: The config.

    Raises:
        UsageError: If it cannot be read.
    """
    try:
        return Config.fromfile(path)
    except Exception as error:  # a config is a program of the user
        words = ' '.join(str(error).split())
        raise UsageError(f'{path}: cannot be read as a config: '
                         f'{type(error).__name__}: {words}') from error


@functools.lru_cache(maxsize=None)
def _read(path: str) -> Config:
    try:
        return read_config(config_file(path))
    except FileNotFoundError as error:
        raise UsageError(f'{path}: {error}') from error


@functools.lru_cache(maxsize=None)
def _changed(path: str, options: str) -> Config:
    cfg, changes = copy.deepcopy(_read(path)), json.loads(options)
    option_arguments(changes)  # raises if the command line cannot carry them
    check_options(cfg, changes)
    cfg.merge_from_dict(changes)
    return cfg


@functools.lru_cache(maxsize=None)
def _stages(path: str, options: str) -> Tuple[StageEpochs, ...]:
    return tuple(stage_epochs(_changed(path, options)))


@functools.lru_cache(maxsize=None)
def _hash(path: str, options: str) -> str:
    return config_hash(_changed(path, options))
