# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a run with options still is a run of its config."""
from typing import Any, Dict

# How often a run measures, saves and prints, its seed and where it lies:
# what it learns does not depend on these.
NOT_THE_RECIPE = ('default_hooks.evaluation', 'default_hooks.geometry',
                  'default_hooks.checkpoint', 'default_hooks.logger',
                  'train_cfg.val_interval', 'randomness.seed', 'work_dir')


def keeps_recipe(options: Dict[str, Any]) -> bool:
    """Whether options leave a config's recipe as it is.

    A short schedule or another depth makes another recipe, and so does an
    option that repeats what the config has: its value is not looked at.

    Args:
        options (dict): Changes of the config by dotted key.

    Returns:
        bool: True if each of them is, or lies below, an entry of
        ``NOT_THE_RECIPE``.
    """
    return all(
        any(f'{key}.'.startswith(f'{known}.') for known in NOT_THE_RECIPE)
        for key in options)
