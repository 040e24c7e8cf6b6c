# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far two states of a training are apart."""
import numbers

import torch


def largest_difference(first, second):
    """Compare nested dicts and lists of tensors and other values.

    Two nan are the same, and so are two equal infinities. What differs in
    its kind, shape or presence is infinitely far apart.

    Returns:
        dict: ``numbers`` compared, how many are ``different``, and the
        ``largest`` absolute difference.
    """
    total, different, largest = 0, 0, 0.
    for a, b in _pairs(first, second):
        apart = _apart(a, b)
        total += apart.numel()
        different += int((apart != 0).sum())
        largest = max(largest, float(apart.amax()) if len(apart) else 0.)
    return dict(numbers=total, different=different, largest=largest)


def _pairs(first, second):
    if isinstance(first, dict) and isinstance(second, dict):
        for key in first.keys() | second.keys():
            yield from _pairs(first.get(key), second.get(key))
    elif (isinstance(first, (list, tuple))
          and isinstance(second, (list, tuple)) and len(first) == len(second)):
        for a, b in zip(first, second):
            yield from _pairs(a, b)
    else:
        yield first, second


def _apart(first, second):
    """Absolute differences, 1-d float64."""
    numeric = (torch.Tensor, numbers.Number)
    if isinstance(first, numeric) and isinstance(second, numeric):
        a, b = torch.as_tensor(first), torch.as_tensor(second)
        if a.shape == b.shape and a.dtype == b.dtype:
            same = (a == b) | ((a != a) & (b != b))
            apart = (a.double() - b.double()).abs()
            apart = torch.where(apart.isnan(), torch.inf, apart)
            return torch.where(same, 0., apart).flatten()
    same = type(first) is type(second) and first == second
    return torch.tensor([0. if same is True else torch.inf])
