# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small integers between the device of a model and the host.

A GPU works through a queue. Reading from it waits until the queue is empty,
so a step reads once, here; writing to it need not wait.
"""
from typing import List

import torch
from torch import Tensor


def to_host(*columns: Tensor) -> List[Tensor]:
    """Columns of integers or truth values in main memory, in one read.

    Args:
        *columns (Tensor): Each (B,), those that are not in main memory all
            on one device.

    Returns:
        list[Tensor]: Each (B,); int64 where it was read from a device.
    """
    far = [i for i, column in enumerate(columns) if not column.is_cpu]
    here = list(columns)
    if far:
        table = torch.stack([columns[i].long() for i in far])
        for i, column in zip(far, table.cpu().unbind()):
            here[i] = column
    return here


def to_device(values: Tensor, like: Tensor) -> Tensor:
    """Values of the host on the device of ``like``, without waiting for it."""
    if like.is_cpu:
        return values
    if like.is_cuda:  # only from pinned memory a copy does not wait
        values = values.pin_memory()
    return values.to(like.device, non_blocking=True)
