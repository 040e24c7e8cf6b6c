# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Rows of a batch that stand in for what a pool holds of their images."""
from typing import NamedTuple

import torch
from torch import Tensor

from .host_rows import to_device


class LiveRows(NamedTuple):
    """Rows of a batch that take slots, ascending by slot.

    Attributes:
        slots (Tensor): (l,) int64, in main memory.
        slots_there (Tensor): The same on the device of the batch.
        rows_there (Tensor): (l,) int64, rows of the batch, likewise.
    """
    slots: Tensor
    slots_there: Tensor
    rows_there: Tensor

    def within(self, start: int, end: int) -> slice:
        """Those whose slots lie in [start, end)."""
        edges = torch.searchsorted(self.slots, torch.tensor([start, end]))
        return slice(*edges.tolist())


def live_rows(slots: Tensor, features: Tensor) -> LiveRows:
    """The rows that a plan keeps.

    Args:
        slots (Tensor): (B,) int64 in main memory, -1 for a row without slot.
        features (Tensor): (B, p), the batch.
    """
    rows = (slots >= 0).nonzero()[:, 0]
    held, order = slots[rows].sort()
    return LiveRows(held,
                    *to_device(torch.stack([held, rows[order]]), features))
