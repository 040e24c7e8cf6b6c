# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config of a run with its switches, as the training will read it."""
import functools
import json
from typing import Any, Dict, Optional, Sequence, Tuple

from mmengine.config import Config

from mmcurv.benchmark.matrix import RunSpec
from mmcurv.benchmark.running.option_arguments import option_arguments
from mmcurv.engine.config_options import UsageError, merged_config
from mmcurv.engine.provenance import config_hash
from mmcurv.engine.stages.config import StageEpochs, stage_epochs, total_epochs
from mmcurv.files import config_file


def spec_config(spec: RunSpec) -> Config:
    """Read the config of a run and change it by its switches and options.

    Each config with its switches is read once a process, since many runs
    share it. Do not change what comes back.

    Args:
        spec (RunSpec): A run with a config.

    Returns:
        Config: Without seed and work folder of the run.

    Raises:
        UsageError: If a file is missing or no config, or an option has no
            place in it.
    """
    return _merged(*_key(spec))


def spec_hash(spec: RunSpec) -> str:
    """Hash of :func:`spec_config`, equal for all seeds."""
    return _hash(*_key(spec))


def key_hash(config: str, options: Dict[str, Any], with_files: Sequence[str],
             cr: bool) -> str:
    """Hash of a config with its options and switches, see :func:`spec_hash`.

    Args:
        config (str): Path of the config.
        options (dict): Values by dotted key.
        with_files (Sequence[str]): Config files over the config.
        cr (bool): Whether ``--cr`` adds CR.

    Returns:
        str: The hash.

    Raises:
        UsageError: As of :func:`spec_config`.
    """
    return _hash(config, json.dumps(options), tuple(with_files), cr)


def spec_epochs(spec: RunSpec) -> Optional[int]:
    """Epochs of all stages of the training; None if one counts iterations.
    """
    return total_epochs(spec_stages(spec))


def spec_stages(spec: RunSpec) -> Tuple[StageEpochs, ...]:
    """The stages of the training, one for a config without ``stages``."""
    return _stages(*_key(spec))


def _key(spec: RunSpec) -> tuple:
    return (spec.config, json.dumps(spec.options), tuple(spec.with_files),
            spec.cr_switch)


@functools.lru_cache(maxsize=None)
def _merged(path: str, options: str, with_files: Tuple[str, ...],
            cr: bool) -> Config:
    changes = json.loads(options)
    option_arguments(changes)  # raises if the command line cannot carry them
    try:
        path = config_file(path)
    except FileNotFoundError as error:
        raise UsageError(f'{path}: {error}') from error
    return merged_config(path, changes, with_files, cr)


@functools.lru_cache(maxsize=None)
def _stages(*key) -> Tuple[StageEpochs, ...]:
    return tuple(stage_epochs(_merged(*key)))


@functools.lru_cache(maxsize=None)
def _hash(*key) -> str:
    return config_hash(_merged(*key))
