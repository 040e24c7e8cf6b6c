# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""mmengine's checkpoints, and the file that names the latest, in one step.

mmengine opens both in their places. A run killed between that and the end of
the writing leaves half a checkpoint, or a ``last_checkpoint`` that names
none, though older checkpoints are whole.
"""
import contextlib
import errno
import io
import os.path as osp
from typing import Iterator

import mmengine.hooks.checkpoint_hook as checkpoint_hook
from mmengine.fileio import LocalBackend

from mmcurv.files import write_bytes, write_text

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def save_whole() -> None:
    """Let mmengine replace files in one step, in this process.

    Calling it again changes nothing.
    """
    LocalBackend.put = _put_whole
    # Its only call of open writes last_checkpoint.
    checkpoint_hook.open = _open_whole


def _put_whole(self, obj: bytes, filepath) -> None:
    path = osp.realpath(filepath)  # a link stays a link
    try:
        write_bytes(path, obj)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OSError(error.errno, _no_room(path, len(obj), error)) from error


def _no_room(path: str, size: int, error: OSError) -> str:
    return (f'expected room for the {size / 2**20:.1f} MiB of {path}, got '
            f'{error.strerror!r}. No file was begun or replaced: what was '
            f'saved before is whole. Make room in {osp.dirname(path)}, or '
            'raise the quota or the limit on the size of files; with '
            'max_keep_ckpts of CheckpointHook fewer checkpoints are kept. '
            'Then resume.')


@contextlib.contextmanager
def _open_whole(path: str, mode: str) -> Iterator[io.StringIO]:
    if mode != 'w':
        raise ValueError(f"expected mode 'w', got {mode!r}.")
    text = io.StringIO()
    yield text
    write_text(path, text.getvalue())
