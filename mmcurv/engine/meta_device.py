# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Building modules without memory for their weights."""
import contextlib
from typing import Any, Callable, Iterator, Optional, Sequence

import torch
from torch.overrides import TorchFunctionMode


@contextlib.contextmanager
def meta_device() -> Iterator[None]:
    """Make tensors on the device 'meta', but let numbers be read.

    Constructors of mmpretrain draw the rates of stochastic depth with
    ``torch.linspace`` and read each of them, which nobody can on 'meta'.
    """
    with torch.device('meta'), _ReadableSteps():
        yield


class _ReadableSteps(TorchFunctionMode):
    """Keeps ``torch.linspace`` on the CPU."""

    def __torch_function__(self,
                           func: Callable,
                           types: Sequence[type],
                           args: Sequence[Any] = (),
                           kwargs: Optional[dict] = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.linspace:
            kwargs = {'device': 'cpu', **kwargs}
        return func(*args, **kwargs)
