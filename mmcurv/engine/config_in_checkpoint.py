# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Keeps mmengine from running a text that stands in a checkpoint.

When a run is resumed, mmengine 0.10 takes ``meta['config']`` for the text of
a Python config and executes it, to compare numbers of GPUs. Loading weights
only does not help: the text is a plain string. mmengine itself writes no such
entry any more; its ``meta['cfg']`` is never executed.
"""
import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader

_load = CheckpointLoader.load_checkpoint.__func__


def load_without_config(cls, filename, map_location=None, logger='current'):
    """``CheckpointLoader.load_checkpoint``, whose result holds no program.

    Args:
        filename (str): As mmengine takes it: a path or an address.
        map_location (str or Callable, optional): Same as
            :func:`torch.load`. Defaults to None.
        logger (str): For the message. Defaults to 'current'.

    Returns:
        dict: The checkpoint without ``meta['config']``.
    """
    content = _load(cls, filename, map_location, logger)
    if drop_config(content):
        print_log(
            f"{filename}: meta['config'] is left out, since mmengine would "
            'run it as a program when it resumes.',
            logger=logger,
            level=logging.WARNING)
    return content


def drop_config(content: Any) -> bool:
    """Remove ``meta['config']`` from what was loaded.

    Args:
        content: The checkpoint; changed in place.

    Returns:
        bool: Whether there was one.
    """
    meta = content.get('meta') if isinstance(content, dict) else None
    if not isinstance(meta, dict):
        return False
    return meta.pop('config', None) is not None
