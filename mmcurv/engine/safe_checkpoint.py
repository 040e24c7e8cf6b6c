# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Resume under torch >= 2.6 without unpickling code, and after any kill.

From torch 2.6 on ``torch.load`` reads ``weights_only=True`` unless told
otherwise, and refuses every checkpoint that mmengine 0.10 writes: each of its
``HistoryBuffer`` objects drags its statistics *methods* along, and those need
the builtin ``getattr``. Whoever may call ``getattr`` from a pickle may call
anything, so ``getattr`` is never allowed here; the methods are left out of
the file instead, and only plain numbers remain to be allowed.

mmengine also writes a checkpoint in its place, and with ``save_best`` writes
the newest one a second time: a run killed then has no checkpoint that loads.
Files are renamed into their place instead, see
:mod:`~mmcurv.engine.save_whole`.
"""
import logging
import os
import os.path as osp
import pickle

import mmengine.runner.checkpoint
import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import CheckpointLoader

from .checkpoint_url import load_url
from .config_in_checkpoint import load_without_config
from .damaged_checkpoint import (DamagedCheckpoint, advice, describe_damage,
                                 is_damaged)
from .save_whole import save_whole

TRUST_VARIABLE = 'MMCURV_TRUST_CHECKPOINTS'


def make_checkpoints_safe() -> None:
    """Let mmengine save in one step and resume with ``weights_only=True``.

    Six things change in this process: mmengine's local files appear whole
    or not at all, no text of a checkpoint is executed on resume, what was
    downloaded is read as a local file, a ``HistoryBuffer`` is pickled as its
    numbers alone, the classes those numbers need are allowed to
    ``torch.load``, and mmengine's loader of local files becomes
    :func:`load_from_local`. Calling it again changes nothing. Before torch
    2.4, which cannot allow single classes, only the first three are done.
    """
    save_whole()
    CheckpointLoader.load_checkpoint = classmethod(load_without_config)
    mmengine.runner.checkpoint.load_url = load_url
    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    HistoryBuffer.__getstate__ = _numbers_of
    HistoryBuffer.__setstate__ = _restore_numbers
    torch.serialization.add_safe_globals(_plain_globals())
    CheckpointLoader.register_scheme('', load_from_local, force=True)


def load_from_local(filename, map_location=None):
    """Load a checkpoint from a local file, weights only unless trusted.

    Args:
        filename (str): Path of the file; ``~`` is expanded.
        map_location (str or Callable, optional): Same as
            :func:`torch.load`. Defaults to None.

    Returns:
        dict: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedCheckpoint: If the file is not whole.
        pickle.UnpicklingError: If the file holds more than weights and
            numbers and ``MMCURV_TRUST_CHECKPOINTS`` is not ``'1'``.
    """
    path = osp.expanduser(filename)
    if not osp.isfile(path):
        raise FileNotFoundError(f'{filename} can not be found. {advice(path)}')
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # of many kinds, where a file is damaged
        if is_damaged(path, error):
            raise DamagedCheckpoint(describe_damage(path, error)) from error
        if not isinstance(error, pickle.UnpicklingError):
            raise
        if os.environ.get(TRUST_VARIABLE) != '1':
            raise pickle.UnpicklingError(_refusal(filename)) from error
    print_log(
        f'{TRUST_VARIABLE}=1: {filename} holds more than weights and numbers '
        'and is unpickled in full, so any code in it runs now.',
        logger='current',
        level=logging.WARNING)
    return torch.load(path, map_location=map_location, weights_only=False)


def _refusal(filename: str) -> str:
    return (f'Expected a checkpoint of weights and numbers, but in {filename} '
            'torch met something else, which could be code (its own words '
            'stand above). Checkpoints that mmengine wrote without mmcurv are '
            'of this kind. If you trust whoever made this file, set the '
            f'environment variable {TRUST_VARIABLE}=1 and start again; '
            'checkpoints saved from then on load without it.')


def _numbers_of(self) -> dict:
    return {
        name: value
        for name, value in self.__dict__.items()
        if name != 'statistics_methods'
    }


def _restore_numbers(self, state: dict) -> None:
    # A stock file, loaded on trust, still carries the methods: the class has
    # its own, so they are dropped rather than merged.
    self._set_default_statistics()
    self.__dict__.update((name, value) for name, value in state.items()
                         if name != 'statistics_methods')


def _plain_globals() -> list:
    multiarray = getattr(np, '_core', None) or np.core  # renamed in numpy 2
    number_types = {type(np.dtype(code)) for code in '?bBhHiIlLqQefd'}
    return [
        HistoryBuffer, np.ndarray, np.dtype, multiarray.multiarray.scalar,
        multiarray.multiarray._reconstruct, *number_types
    ]
