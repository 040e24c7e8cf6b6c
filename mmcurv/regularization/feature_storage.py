# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where the features of a pool lie: on a device, in main memory, in a file."""
import os
import shutil
import tempfile
from typing import Optional, Union

import torch
import torch.distributed as dist
from torch import Tensor

STORAGES = ('device', 'host', 'file')


def check_storage(storage: str,
                  device: Union[str, torch.device, None] = None,
                  folder: Optional[str] = None) -> None:
    """Raise ValueError if there is no such storage, or another option of the
    pool does not go with it.

    Args:
        storage (str): One of 'device', 'host' and 'file'.
        device (str | torch.device, optional): That of the pool. Defaults to
            None.
        folder (str, optional): That of the file. Defaults to None.
    """
    if storage not in STORAGES:
        raise ValueError(
            f'storage must be one of {STORAGES}, got {storage!r}.')
    if storage != 'device' and device is not None and torch.device(
            device).type != 'cpu':
        raise ValueError(
            f"storage={storage!r} keeps features off the devices, got "
            f"device={str(device)!r}. Leave device out, or take "
            "storage='device'.")
    if storage != 'file' and folder is not None:
        raise ValueError(
            f"folder is that of storage='file', got storage={storage!r}. "
            'Leave folder out.')
    if storage == 'file' and not hasattr(os, 'posix_fallocate'):
        raise ValueError("storage='file' needs a system that can reserve the "
                         "space of a file, such as Linux. Take 'host'.")


def make_features(slots: int,
                  feature_dim: int,
                  dtype: torch.dtype = torch.float32,
                  device: Optional[torch.device] = None,
                  storage: str = 'device',
                  folder: Optional[str] = None) -> Tensor:
    """Room for features, filled with 0.

    A file has its room on the disk from the start, since writing into a map
    of a file that finds none ends the process. It is unlinked as soon as it
    is mapped: the room is free again when the tensor or the process is gone,
    whatever ended it.

    Args:
        slots (int): S.
        feature_dim (int): p.
        dtype (torch.dtype): Defaults to torch.float32.
        device (torch.device, optional): That of ``storage='device'``.
            Defaults to None, the current default.
        storage (str): 'device', 'host' (main memory, pinned where CUDA is
            there) or 'file'. Defaults to 'device'.
        folder (str, optional): Where the file lies, made if it is missing;
            needed for 'file'. Defaults to None.

    Returns:
        Tensor: Shape (S, p).

    Raises:
        ValueError: If the options do not go together.
        OSError: If the disk has not the room.
    """
    check_storage(storage, device, folder)
    if storage == 'file' and folder is None:
        raise ValueError("storage='file' needs a folder. Give folder='...'.")
    if storage == 'file' and slots:  # nothing cannot be mapped
        return _in_file(slots, feature_dim, dtype, folder)
    where = dict(device=device)
    if storage != 'device':
        where = dict(device='cpu', pin_memory=is_pinned(storage))
    return torch.zeros(slots, feature_dim, dtype=dtype, **where)


def is_pinned(storage: str) -> bool:
    """Whether a device can copy from the storage without a detour."""
    return storage == 'host' and torch.cuda.is_available()


def _in_file(slots: int, feature_dim: int, dtype: torch.dtype,
             folder: str) -> Tensor:
    os.makedirs(folder, exist_ok=True)
    descriptor, path = tempfile.mkstemp('.bin', f'feature_pool_rank{_rank()}_',
                                        folder)
    try:
        _reserve(descriptor, slots * feature_dim * dtype.itemsize, folder)
        values = torch.from_file(
            path, shared=True, size=slots * feature_dim, dtype=dtype)
    finally:
        os.close(descriptor)
        os.unlink(path)
    return values.view(slots, feature_dim)


def _reserve(descriptor: int, size: int, folder: str) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        raise OSError(
            error.errno,
            f'the feature pool needs a file of {size:,} bytes in {folder!r}, '
            f'whose disk has {shutil.disk_usage(folder).free:,} bytes free '
            f'({error.strerror}). Make room, take another disk with '
            'pool=dict(folder=...), or a smaller pool with '
            'pool=dict(max_bytes=...).') from error


def _rank() -> int:
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank()
    return 0
