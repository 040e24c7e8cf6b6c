# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Computes at least in float32, whatever the training runs in."""
from contextlib import nullcontext
from typing import ContextManager

import torch
from torch import Tensor


def at_least_float32(tensor: Tensor) -> Tensor:
    """float16 and bfloat16 as float32; float32 and float64 as they are."""
    half = tensor.dtype in (torch.float16, torch.bfloat16)
    return tensor.float() if half else tensor


def without_autocast(tensor: Tensor) -> ContextManager:
    """Turn autocast off on the device of a tensor, in a ``with`` block."""
    if tensor.is_meta:  # counts a model's cost, and knows no autocast
        return nullcontext()
    return torch.autocast(tensor.device.type, enabled=False)
