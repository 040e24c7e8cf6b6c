# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The rows that all processes hold, where each may have another number."""
from typing import List

import torch
from mmengine.dist import all_gather
from torch import Tensor


def rows_of_processes(values: Tensor) -> List[int]:
    """Number of rows that each process has, in the order of the ranks."""
    rows = torch.full((1, ), len(values), device=values.device)
    return torch.cat(all_gather(rows)).tolist()


def gather_rows(values: Tensor, rows: List[int]) -> List[Tensor]:
    """Rows of every process, without gradient.

    Args:
        values (Tensor): (n, ...) of this process.
        rows (list[int]): What :func:`rows_of_processes` says.

    Returns:
        list[Tensor]: One tensor for each process.
    """
    # Collectives want equal shapes, so pad.
    padded = values.new_zeros(max(rows), *values.shape[1:])
    padded[:len(values)] = values
    return [part[:n] for part, n in zip(all_gather(padded), rows)]
