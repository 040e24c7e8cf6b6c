# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The latest labelled features: what a memory of classes keeps (MBJ), or the
keys of a momentum encoder (PaCo)."""
from typing import Tuple

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn

from mmcurv.dist import gather_rows, rows_of_processes

EMPTY = -1  # label of a slot that was never filled


class FeatureQueue(nn.Module):
    """First in, first out, and the same on all processes.

    Its contents are buffers, so they are saved and restored.

    Args:
        size (int): Features that it holds, at least 1.
        dim (int): Length of a feature, p.
        name (str): Of the features in a state dict. Defaults to 'features'.

    Attributes:
        labels (Tensor): (size,) int64, -1 in slots that were never filled.
        position (Tensor): The slot that is filled next, int64.
    """

    def __init__(self, size: int, dim: int, name: str = 'features'):
        super().__init__()
        if size < 1 or dim < 1:
            raise ValueError('expected a queue of at least one feature of at '
                             f'least one number, got {size} and {dim}.')
        self.name = name
        self.register_buffer(name, torch.zeros(size, dim))
        self.register_buffer('labels', torch.full((size, ), EMPTY))
        self.register_buffer('position', torch.tensor(0))

    @property
    def rows(self) -> Tensor:
        """Tensor: (size, p) float32, the features in their slots."""
        return getattr(self, self.name)

    @torch.no_grad()
    def push(self, features: Tensor, labels: Tensor) -> None:
        """Put features in, in the order of the ranks, and the oldest out.

        Args:
            features (Tensor): (n, p) of this process; n may differ from
                process to process and be 0.
            labels (Tensor): (n,).
        """
        features = features.to(self.rows)
        if get_world_size() > 1:
            numbers = rows_of_processes(features)
            features = torch.cat(gather_rows(features, numbers))
            labels = torch.cat(gather_rows(labels, numbers))
        size, count = len(self.rows), len(features)
        kept = min(size, count)
        slots = torch.arange(count - kept, count, device=features.device)
        slots = (self.position + slots) % size
        self.rows[slots] = features[count - kept:]
        self.labels[slots] = labels[count - kept:]
        self.position.copy_((self.position + count) % size)

    def contents(self) -> Tuple[Tensor, Tensor]:
        """Features (m, p) and labels (m,) of the slots that are filled."""
        filled = self.labels != EMPTY
        return self.rows[filled], self.labels[filled]

    def extra_repr(self) -> str:
        """Sizes, for the printed model."""
        size, dim = self.rows.shape
        return f'size={size}, dim={dim}'
