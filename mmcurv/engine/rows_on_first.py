# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The rows of all processes in the main memory of the first one."""
import math
from typing import List, Optional

import torch
from mmengine.dist import gather, get_rank
from torch import Tensor

CHUNK = 2**26  # bytes that a process sends at once


def rows_on_first(values: Tensor, rows: List[int]) -> Optional[List[Tensor]]:
    """Gather on the first process alone, a chunk at a time.

    Args:
        values (Tensor): (n, ...) of this process, of any type.
        rows (list[int]): n of each process.

    Returns:
        list[Tensor] | None: One tensor for each process, in main memory; None
        on all processes but the first.
    """
    flat = values.detach().reshape(len(values), math.prod(values.shape[1:]))
    # As bytes, because some backends do not know all types.
    whole = flat.contiguous().view(torch.uint8)
    step = max(1, CHUNK // max(1, whole.shape[1]))
    first = get_rank() == 0
    parts = [[whole[:0].cpu()] for _ in rows]
    for start in range(0, max(rows), step):
        size = min(step, max(rows) - start)
        chunk = whole.new_zeros(size, whole.shape[1])
        own = whole[start:start + size]
        chunk[:len(own)] = own
        for part, got, n in zip(parts, gather(chunk), rows):
            part.append(got[:max(0, n - start)].cpu())
    if not first:
        return None
    return [
        torch.cat(part).view(values.dtype).reshape(n, *values.shape[1:])
        for part, n in zip(parts, rows)
    ]
