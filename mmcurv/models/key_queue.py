# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The latest keys of a momentum encoder, with their labels."""
import torch
from mmengine.dist import all_gather, get_world_size
from torch import Tensor, nn

EMPTY = -1  # label of a slot that was never filled


def check_queue_size(size: int, batch: int) -> None:
    """Raise ValueError unless whole batches fill the queue.

    Args:
        size (int): Keys in the queue, K.
        batch (int): Images of a step, of all processes together.
    """
    if batch < 1 or size % batch:
        raise ValueError(
            f'expected queue_size={size} to be a multiple of the batch of all '
            f'processes, got {batch} images. Choose another queue_size or '
            'batch_size, and drop_last=True in the train loader, since a last '
            'batch that is smaller does not fit either.')


class KeyQueue(nn.Module):
    """First in, first out, and the same on all processes.

    Its contents are buffers, so they are saved and restored. Slots that were
    never filled have the label -1.

    Args:
        size (int): Keys K.
        dim (int): Length of a key, d.

    Attributes:
        keys (Tensor): (K, d).
        labels (Tensor): (K,) int64.
        position (Tensor): The slot that is filled next, int64.
    """

    def __init__(self, size: int, dim: int):
        super().__init__()
        if size < 1 or dim < 1:
            raise ValueError('expected a queue of at least one key of at '
                             f'least one number, got {size} and {dim}.')
        self.register_buffer('keys', torch.zeros(size, dim))
        self.register_buffer('labels', torch.full((size, ), EMPTY))
        self.register_buffer('position', torch.tensor(0))

    @torch.no_grad()
    def push(self, keys: Tensor, labels: Tensor) -> None:
        """Put a batch in, in the order of the ranks, and the oldest out.

        Args:
            keys (Tensor): (B, d), equally many on each process.
            labels (Tensor): (B,).

        Raises:
            ValueError: If whole batches do not fill the queue.
        """
        if get_world_size() > 1:
            keys = torch.cat(all_gather(keys.contiguous()))
            labels = torch.cat(all_gather(labels.contiguous()))
        size, batch = len(self.keys), len(keys)
        start = int(self.position)
        check_queue_size(size, batch)
        if start % batch:  # an earlier batch was of another size
            raise ValueError(
                f'expected batches of one size, got {batch} images after '
                f'{start} keys. Set drop_last=True in the train loader.')
        self.keys[start:start + batch] = keys
        self.labels[start:start + batch] = labels
        self.position.fill_((start + batch) % size)
