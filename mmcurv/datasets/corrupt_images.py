# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images that cannot be decoded."""
from typing import Optional

import mmcv
import numpy as np
import torch
from mmengine import fileio
from torch import Tensor

POLICIES = ('stop', 'skip')


class CorruptImageError(RuntimeError):
    """An image cannot be decoded, or nothing is left to take its place."""


def why_unreadable(path: str) -> Optional[str]:
    """Why an image cannot be decoded.

    A JPEG that was cut short decodes, with a grey part, and passes.

    Args:
        path (str): Of the image, on any storage that mmengine knows.

    Returns:
        str | None: The reason; None for an image that can be decoded.
    """
    try:
        data = fileio.get(path)
    except OSError as error:
        return f'{type(error).__name__}: {error}'
    if not data:
        return 'the file is empty'
    if mmcv.imfrombytes(data) is None:
        return f'its {len(data)} bytes are no image that OpenCV knows'
    return None


def stand_ins(labels: np.ndarray, index: int) -> np.ndarray:
    """The items that take the place of one, best first.

    Args:
        labels (np.ndarray): (N,) of all items.
        index (int): Of the one that is to be replaced.

    Returns:
        np.ndarray: (N-1,) items: those of the same class from the next one
        on, round the end, then those of other classes likewise.
    """
    order = np.roll(np.arange(len(labels)), -index)[1:]
    same = labels[order] == labels[index]
    return np.concatenate([order[same], order[~same]])


def shared_flags(size: int) -> Tensor:
    """(size,) flags that worker processes set for the main process, too."""
    return torch.zeros(size, dtype=torch.bool).share_memory_()
