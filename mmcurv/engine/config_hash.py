# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A hash that tells whether two runs were configured alike."""
import copy
import hashlib
import json
from typing import Any

from mmengine.config import Config, ConfigDict

# Where a run lies, how it is started and what it shows are not what it is;
# nor is what its config says of other configs.
NOT_THE_RUN = ('work_dir', 'resume', 'load_from', 'launcher', 'visualizer',
               'vis_backends', 'log_level', 'log_processor', 'env_cfg',
               'experiment_name', 'model_wrapper_cfg', 'switches', 'recipe_of',
               'curvature_file', 'image_size', 'network_size')
# Default hooks that watch, save or show, and leave the training as it is.
WATCHING = ('timer', 'logger', 'checkpoint', 'visualization', 'run_record',
            'missed_evaluation')


def config_hash(cfg: Any) -> str:
    """Hash of a resolved config without its seed.

    Repetitions with other seeds have one hash; so have a run and its resumed
    continuation.

    Args:
        cfg (Config | dict): The config with all changes merged.

    Returns:
        str: SHA-256, 64 hexadecimal digits.
    """
    return hashlib.sha256(canonical_json(cfg).encode()).hexdigest()


def canonical_json(cfg: Any) -> str:
    """What is hashed: the entries that make the run, in order of their keys.

    Args:
        cfg (Config | dict): The config with all changes merged.

    Returns:
        str: JSON.
    """
    if isinstance(cfg, (Config, ConfigDict)):
        cfg = cfg.to_dict()
    entries = copy.deepcopy(dict(cfg))
    for key in NOT_THE_RUN:
        entries.pop(key, None)
    hooks = entries.get('default_hooks') or {}
    for name in WATCHING:
        hooks.pop(name, None)
    (hooks.get('geometry') or {}).pop('interval', None)
    (entries.get('randomness') or {}).pop('seed', None)
    return json.dumps(entries, sort_keys=True, default=_name)


def _name(value: Any) -> str:
    """A class by its name: its address differs from process to process."""
    named = getattr(value, '__qualname__', None)
    return f'{value.__module__}.{named}' if named else repr(value)
