# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Parameters and multiply-adds of a model, without running it."""
from typing import Optional, Sequence

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(model: nn.Module) -> int:
    """Number of trainable and frozen parameters; shared ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def multiply_adds(model: nn.Module,
                  input_shape: Sequence[int]) -> Optional[int]:
    """Multiply-adds of one image's forward pass, as a test runs it.

    Convolutions and matrix products are counted, by torch's own counter, on
    tensors without data: nothing is computed, and neither the model's state
    nor any random number changes.

    Args:
        model (nn.Module): A model of mmengine, whose mode ``'tensor'`` takes
            a batch of images.
        input_shape (Sequence[int]): Shape of one image, without the batch.

    Returns:
        int | None: None for a model that cannot run without data.
    """
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    tensors = {name: each.to('meta') for name, each in tensors.items()}
    images = torch.empty(1, *input_shape, device='meta')
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    counter = FlopCounterMode(display=False)
    try:
        with counter:
            functional_call(
                model, tensors, (images, ), dict(mode='tensor'), strict=True)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None  # it looks at its data, or keeps tensors of its own
    finally:
        for module, mode in modes:
            module.training = mode
    return counter.get_total_flops() // 2
