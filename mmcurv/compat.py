# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What mmengine 0.10 needs: to resume under torch >= 2.6, after any kill.

From torch 2.6 on ``torch.load`` reads ``weights_only=True`` unless told
otherwise, and refuses every checkpoint that mmengine 0.10 writes: each of its
``HistoryBuffer`` objects drags its statistics *methods* along, and those need
the builtin ``getattr``. Whoever may call ``getattr`` from a pickle may call
anything, so ``getattr`` is never allowed here; the methods are left out of
the file instead, and only plain numbers remain to be allowed.

mmengine also writes a checkpoint, and the file that names the latest, in
their places: a run killed then has no checkpoint that loads. And when it
resumes, it runs ``meta['config']`` of a checkpoint as a Python program.

An import of mmcurv changes none of this: its tools do, and its hooks in
``before_run``, by :func:`apply`.
"""
import contextlib
import errno
import io
import logging
import os
import os.path as osp
import pickle
import zipfile
from typing import Any, Iterator

import mmengine.hooks.checkpoint_hook as checkpoint_hook
import mmengine.runner.checkpoint as runner_checkpoint
import numpy as np
import torch
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import CheckpointLoader
from mmengine.utils import digit_version

from mmcurv.files import listed, write_bytes, write_text

TRUST_VARIABLE = 'MMCURV_TRUST_CHECKPOINTS'
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# mmengine's own, which a second call must not wrap again.
_load_checkpoint = CheckpointLoader.load_checkpoint.__func__


class DamagedCheckpoint(RuntimeError):
    """A checkpoint file breaks off, is empty or holds something else."""


def apply(strict: bool = False) -> None:
    """Change mmengine in this process; a second call changes nothing.

    With every torch, local files appear whole or not at all, and no text of a
    checkpoint is run as a program. From torch 2.6 on, a ``HistoryBuffer`` is
    pickled as its numbers alone, the classes of those are allowed to
    ``torch.load``, and files and downloads are read as weights only, see
    :func:`load_weights_only`. Before, checkpoints load as mmengine loads
    them, unless ``strict``.

    Args:
        strict (bool): Whether to read weights only with torch 2.4 and 2.5,
            too, which then refuse what mmengine wrote without mmcurv. The
            tools of mmcurv do; a guest in another project does not.
            Defaults to False.
    """
    LocalBackend.put = _put_whole
    # Its only call of open writes last_checkpoint.
    checkpoint_hook.open = _open_whole
    CheckpointLoader.load_checkpoint = classmethod(_load_without_config)
    least = '2.4' if strict else '2.6'
    if digit_version(torch.__version__) < digit_version(least):
        return
    HistoryBuffer.__getstate__ = _numbers_of
    HistoryBuffer.__setstate__ = _restore_numbers
    torch.serialization.add_safe_globals(_plain_globals())
    CheckpointLoader.register_scheme('', load_weights_only, force=True)
    runner_checkpoint.load_url = _load_url


def load_weights_only(filename: str, map_location: Any = None) -> Any:
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
        raise FileNotFoundError(
            f'{filename} can not be found. {_others(path)}')
    try:
        with _numbers_allowed():
            return torch.load(
                path, map_location=map_location, weights_only=True)
    except Exception as error:  # of many kinds, where a file is damaged
        if _is_damaged(path, error):
            words = str(error).strip().partition('\n')[0]
            raise DamagedCheckpoint(
                f'expected a whole checkpoint in {path}, got '
                f'{osp.getsize(path)} bytes that break off, are damaged or '
                f'are no checkpoint of torch (torch says: {words!r}). '
                f'{_others(path)}') from error
        if not isinstance(error, pickle.UnpicklingError):
            raise
        if not _trusted():
            raise pickle.UnpicklingError(_refusal(filename)) from error
    print_log(
        f'{TRUST_VARIABLE}=1: {filename} holds more than weights and numbers '
        'and is unpickled in full, so any code in it runs now.',
        logger='current',
        level=logging.WARNING)
    return torch.load(path, map_location=map_location, weights_only=False)


def drop_config(content: Any) -> bool:
    """Remove ``meta['config']``, which mmengine 0.10 runs when it resumes.

    mmengine itself writes no such entry any more, and runs no ``meta['cfg']``.

    Args:
        content: A checkpoint; changed in place.

    Returns:
        bool: Whether there was one.
    """
    meta = content.get('meta') if isinstance(content, dict) else None
    if not isinstance(meta, dict):
        return False
    return meta.pop('config', None) is not None


def _trusted() -> bool:
    return os.environ.get(TRUST_VARIABLE) == '1'


def _refusal(filename: str) -> str:
    return (f'Expected a checkpoint of weights and numbers, but in {filename} '
            'torch met something else, which could be code (its own words '
            'stand above). Checkpoints that mmengine wrote without mmcurv are '
            'of this kind. If you trust whoever made this file, set the '
            f'environment variable {TRUST_VARIABLE}=1 and start again; '
            'checkpoints saved from then on load without it.')


def _others(path: str) -> str:
    folder = osp.dirname(path) or '.'
    names = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    names = [
        osp.join(folder, name) for name in names
        if name.endswith('.pth') and name != osp.basename(path)
    ]
    return ('Resume from another checkpoint (--resume PATH), or start anew '
            f'without. Beside it: {listed(names, at_most=10)}.')


def _is_damaged(path: str, error: Exception) -> bool:
    """Not so a whole file whose content torch refuses, or lack of memory."""
    if zipfile.is_zipfile(path):
        try:  # check sums, which torch does not look at
            with zipfile.ZipFile(path) as archive:
                sums_fit = archive.testzip() is None
        except Exception:
            return True
        return not sums_fit or 'PytorchStreamReader' in str(error)
    with open(path, 'rb') as file:
        is_pickle = file.read(1) == b'\x80'  # as torch wrote before 1.6
    return (not is_pickle or isinstance(error, EOFError)
            or 'truncated' in str(error) or 'unexpected EOF' in str(error))


def _load_without_config(cls, filename, map_location=None, logger='current'):
    content = _load_checkpoint(cls, filename, map_location, logger)
    if drop_config(content):
        print_log(
            f"{filename}: meta['config'] is left out, since mmengine would "
            'run it as a program when it resumes.',
            logger=logger,
            level=logging.WARNING)
    return content


def _load_url(url, *args, **kwargs):
    """torch's function unpickles in full unless told otherwise."""
    return torch.hub.load_state_dict_from_url(
        url, *args, weights_only=not _trusted(), **kwargs)


def _put_whole(self, obj: bytes, filepath) -> None:
    path = osp.realpath(filepath)  # a link stays a link
    try:
        write_bytes(path, obj)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OSError(
            error.errno,
            f'expected room for the {len(obj) / 2**20:.1f} MiB of {path}, got '
            f'{error.strerror!r}. No file was begun or replaced: what was '
            f'saved before is whole. Make room in {osp.dirname(path)}, or '
            'raise the quota or the limit on the size of files; with '
            'max_keep_ckpts of CheckpointHook fewer checkpoints are kept. '
            'Then resume.') from error


@contextlib.contextmanager
def _open_whole(path: str, mode: str) -> Iterator[io.StringIO]:
    if mode != 'w':
        raise ValueError(f"expected mode 'w', got {mode!r}.")
    text = io.StringIO()
    yield text
    write_text(path, text.getvalue())


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


def _numbers_allowed():
    """A context in which torch loads numbers of NumPy and of mmengine."""
    if hasattr(torch.serialization, 'safe_globals'):  # from torch 2.5 on
        # It takes away at its end what it is given.
        allowed = torch.serialization.get_safe_globals()
        return torch.serialization.safe_globals(
            [one for one in _plain_globals() if one not in allowed])
    if hasattr(torch.serialization, 'add_safe_globals'):
        torch.serialization.add_safe_globals(_plain_globals())
    return contextlib.nullcontext()


def _plain_globals() -> list:
    multiarray = getattr(np, '_core', None) or np.core  # renamed in numpy 2
    number_types = {type(np.dtype(code)) for code in '?bBhHiIlLqQefd'}
    return [
        HistoryBuffer, np.ndarray, np.dtype, multiarray.multiarray.scalar,
        multiarray.multiarray._reconstruct, *number_types
    ]
