# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where code would wait for a GPU, seen without one.

Tensors of torch's device 'meta' have shapes and no values: what needs a
value on the host (``.item()``, ``nonzero()``, indexing with truth values,
``.cpu()``) raises, as it would wait for a GPU's queue.
"""
from contextlib import contextmanager, nullcontext

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

DEVICE = 'meta'
# Read on the host whether they converged, which needs no value here.
WAITING = (torch.linalg.eigh, torch.linalg.eigvalsh, torch.linalg.svd,
           torch.linalg.pinv, torch.linalg.cholesky, torch.linalg.inv)


class Waits(AssertionError):
    """Something waits for the device."""


class NoWaiting(TorchFunctionMode):
    """Raise also where a call waits that needs no value."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        leaves = tree_leaves((args, kwargs))
        far = any(isinstance(x, torch.Tensor) and x.is_meta for x in leaves)
        if far and func in WAITING:
            raise Waits(func.__name__)
        if func is torch.Tensor.to and not args[0].is_meta:
            waits = not kwargs.get('non_blocking', False)
            if waits and _names_device(leaves[1:]):
                raise Waits('a copy to the device')
        return func(*args, **kwargs)


def _names_device(leaves):
    return any(
        str(x) == DEVICE
        for x in leaves if isinstance(x, (str, torch.device))) or any(
            isinstance(x, torch.Tensor) and x.is_meta for x in leaves)


@contextmanager
def answers(monkeypatch, module, values):
    """Have ``module.to_host`` give values for what it reads from the device.

    Args:
        monkeypatch: The fixture.
        module: That uses the function.
        values (Callable): From the number of a column to its values.

    Yields:
        list[int]: How many columns each read took from the device.
    """
    asked = []

    def to_host(*columns):
        asked.append(sum(column.is_meta for column in columns))
        return [
            values(i) if column.is_meta else column
            for i, column in enumerate(columns)
        ]

    with monkeypatch.context() as patched:
        patched.setattr(module, 'to_host', to_host)
        # This device knows no autocast to be turned off.
        patched.setattr(torch, 'autocast', lambda *_, **__: nullcontext())
        yield asked
