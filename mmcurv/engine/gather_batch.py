# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One batch out of the batches of all processes."""
from typing import Optional, Tuple

import torch
from mmengine.dist import get_rank, get_world_size
from torch import Tensor

from mmcurv.dist import gather_rows, rows_of_processes


def gather_batch(features: Tensor,
                 labels: Tensor,
                 indices: Optional[Tensor] = None
                 ) -> Tuple[Tensor, Tensor, Optional[Tensor]]:
    """Concatenate all processes' rows, in the order of the ranks.

    Only this process's rows carry gradient, scaled by the number of
    processes: DistributedDataParallel divides gradients by it, which is
    right for a mean over processes, while the loss built from the gathered
    batch is the same sum on each of them. Processes may have different
    numbers of rows, also none.

    Args:
        features (Tensor): Shape (B, p).
        labels (Tensor): Shape (B,).
        indices (Tensor, optional): Shape (B,); on all processes or on none.
            Defaults to None.

    Returns:
        tuple: The same three, B the sum over processes.
    """
    world_size = get_world_size()
    if world_size == 1:
        return features, labels, indices
    rows = rows_of_processes(features)
    parts = gather_rows(features.detach(), rows)
    # Zero is added, so that all processes hold the same values to the bit.
    zero = features - features.detach()
    parts[get_rank()] = parts[get_rank()] + world_size * zero
    labels = torch.cat(gather_rows(labels, rows))
    if indices is not None:
        indices = torch.cat(gather_rows(indices, rows))
    return torch.cat(parts), labels, indices
