# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The latest labelled features that were put in."""
from typing import Tuple

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn

from mmcurv.models.gather_rows import gather_rows, rows_of_processes

EMPTY = -1  # label of a slot that was never filled


class FeatureMemory(nn.Module):
    """First in, first out, and the same on all processes.

    Its contents are buffers, so they are saved and restored.

    Args:
        size (int): Features that it holds, at least 1.
        dim (int): Length of a feature, p.

    Attributes:
        features (Tensor): (size, p) float32.
        labels (Tensor): (size,) int64, -1 in slots that were never filled.
        position (Tensor): The slot that is filled next, int64.
    """

    def __init__(self, size: int, dim: int):
        super().__init__()
        if size < 1:
            raise ValueError(
                f'expected a memory of at least one feature, got {size}.')
        self.register_buffer('features', torch.zeros(size, dim))
        self.register_buffer('labels', torch.full((size, ), EMPTY))
        self.register_buffer('position', torch.tensor(0))

    @torch.no_grad()
    def push(self, features: Tensor, labels: Tensor) -> None:
        """Put features in, in the order of the ranks, and the oldest out.

        Args:
            features (Tensor): (n, p) of this process; n may differ from
                process to process and be 0.
            labels (Tensor): (n,).
        """
        features = features.to(self.features)
        if get_world_size() > 1:
            rows = rows_of_processes(features)
            features = torch.cat(gather_rows(features, rows))
            labels = torch.cat(gather_rows(labels, rows))
        size, count = len(self.features), len(features)
        kept = min(size, count)
        slots = torch.arange(count - kept, count, device=features.device)
        slots = (self.position + slots) % size
        self.features[slots] = features[count - kept:]
        self.labels[slots] = labels[count - kept:]
        self.position.copy_((self.position + count) % size)

    def contents(self) -> Tuple[Tensor, Tensor]:
        """Features (m, p) and labels (m,) of the slots that are filled."""
        filled = self.labels != EMPTY
        return self.features[filled], self.labels[filled]

    def extra_repr(self) -> str:
        """Sizes, for the printed model."""
        size, dim = self.features.shape
        return f'size={size}, dim={dim}'
