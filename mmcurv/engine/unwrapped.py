# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A model without the wrapper that distributes it."""
from mmengine.model import is_model_wrapper
from torch import nn


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself.

    Args:
        model (nn.Module): A model, in its wrapper or without.

    Returns:
        nn.Module: What the wrapper holds, or the model as it is.
    """
    return model.module if is_model_wrapper(model) else model
