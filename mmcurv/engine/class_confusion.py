# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a model takes the images of a class for."""
from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmcurv.samples import get_labels


@torch.no_grad()
def class_scores(model: nn.Module, loader: Any, num_classes: int) -> Tensor:
    """Mean softmax score of every class over the images of each.

    The model evaluates, and is left in the modes in which it was. Several
    processes, each with a share of the images, have the same result.

    Args:
        model (nn.Module): Not in its wrapper; its mode 'tensor' returns
            logits.
        loader: Yields batches as a data loader does.
        num_classes (int): C.

    Returns:
        Tensor: (C, C) float64, entry (c, d) the score of class d for images
        of class c; nan in the rows of classes without images.
    """
    modes = [(module, module.training) for module in model.modules()]
    device = next(model.parameters()).device
    total = torch.zeros(
        num_classes, num_classes, dtype=torch.float64, device=device)
    count = torch.zeros(num_classes, 1, dtype=torch.float64, device=device)
    model.eval()
    try:
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            scores = model(batch['inputs'], mode='tensor').double().softmax(1)
            labels = get_labels(batch['data_samples']).to(device)
            total.index_add_(0, labels, scores)
            count.index_add_(0, labels, torch.ones_like(scores[:, :1]))
    finally:
        for module, mode in modes:
            module.training = mode
    all_reduce(total)
    all_reduce(count)
    return total / count


def confusing_classes(scores: Tensor, is_tail: Tensor, number: int) -> Tensor:
    """The head classes with the largest scores for each tail class.

    Args:
        scores (Tensor): (C, C), see :func:`class_scores`.
        is_tail (Tensor): (C,) bool.
        number (int): N_f.

    Returns:
        Tensor: (C, N_f) int64, the most confusing first; -1 in the rows of
        head classes.

    Raises:
        ValueError: If there are fewer head classes than that.
    """
    head = (~is_tail).nonzero().squeeze(1)
    if len(head) < number:
        raise ValueError(
            f'expected at least num_confusing={number} head classes, got '
            f'{len(head)}. Give a smaller num_confusing, or a smaller '
            'tail_share.')
    table = torch.full((len(scores), number), -1, device=scores.device)
    among = scores[is_tail][:, head]
    order = among.sort(dim=1, descending=True, stable=True).indices
    table[is_tail] = head[order[:, :number]]
    return table
