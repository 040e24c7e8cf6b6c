# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Several experts behind one body."""
from collections import OrderedDict
from typing import Callable, List

from torch import nn


def check_num_experts(num_experts: int) -> None:
    """Raise ValueError unless there are at least two experts."""
    if not isinstance(num_experts, int) or num_experts < 2:
        raise ValueError(
            f'expected num_experts of at least 2, got {num_experts!r}. For '
            'one expert take the plain network, such as '
            "'mmcurv.CifarResNet' or 'ResNet'.")


def make_experts(num_experts: int, names: List[str],
                 make_stages: Callable[[], List[nn.Module]]) -> nn.ModuleList:
    """Experts, each of its own stages under their usual names.

    Args:
        num_experts (int): K.
        names (list[str]): Of the stages of an expert, such as 'layer3'.
        make_stages (Callable): Makes the stages of one expert.

    Returns:
        nn.ModuleList: K experts.
    """
    return nn.ModuleList(
        nn.Sequential(OrderedDict(zip(names, make_stages())))
        for _ in range(num_experts))
