# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The rows of all processes, with a gradient that finds its way back."""
from typing import List, Tuple

import torch
from mmengine.dist import all_reduce, get_rank
from torch import Tensor

from mmcurv.dist import gather_rows


class AllRows(torch.autograd.Function):
    """Concatenate all processes' rows, in the order of the ranks.

    Each process may use other rows of the result. The backward pass adds up
    what all of them ask of a row, and multiplies it by their number:
    DistributedDataParallel divides gradients by it. So it is a collective:
    either all processes go backward through it or none.
    """

    @staticmethod
    def forward(ctx, features: Tensor, rows: List[int]) -> Tensor:
        """(B, p) of this process, and B of each, to (sum of B, p)."""
        ctx.rows = rows
        return torch.cat(gather_rows(features, rows))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tuple[Tensor, None]:
        """The gradient of this process's rows, (B, p)."""
        rank, rows = get_rank(), ctx.rows
        # Few backends add numbers of 16 bits, and none of them well.
        wide = torch.promote_types(gradient.dtype, torch.float32)
        total = gradient.to(wide, copy=True)
        all_reduce(total)
        own = total.split(rows)[rank] * len(rows)
        return own.to(gradient.dtype), None
