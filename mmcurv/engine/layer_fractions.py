# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Layers of a model by their share of the backbone's depth."""
import math
from fractions import Fraction
from typing import List, Optional, Tuple

from torch import Tensor, nn

CONTAINERS = (nn.Sequential, nn.ModuleList)
WITHOUT_EFFECT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d,
                  nn.Identity)  # in evaluation mode


def depth_units(model: nn.Module, classifier: Optional[str]) -> List[str]:
    """Names of the units that make up a backbone's depth, in order.

    Where the backbone has blocks (residual blocks, transformer layers, dense
    or inception blocks: modules that hold at least two weighted layers),
    these are the units, and stem and transitions do not count. A plain
    network, such as VGG or LeNet, counts its weighted layers, each named by
    the last activation, normalization or pooling that follows it. The last
    classifier layer, which VGG and LeNet keep inside the backbone, and what
    follows it do not count.

    Order is that in which the modules were registered.

    Args:
        model (nn.Module): With a ``backbone``; without one, the whole model
            is looked through.
        classifier (str, optional): Name of the last classifier layer.

    Returns:
        list[str]: D names of modules of the model; their outputs count.
    """
    root = 'backbone' if hasattr(model, 'backbone') else ''
    steps = _steps(root, model.get_submodule(root))
    while len(steps) == 1 and any(steps[0][1].children()):
        steps = _children(*steps[0])  # a backbone in a wrapper
    names = [name for name, _ in steps]
    if classifier in names:
        steps = steps[:names.index(classifier)]
    blocks = [name for name, module in steps if _num_weighted(module) > 1]
    return blocks or _plain_units(steps)


def unit_at(units: List[str], fraction: Fraction) -> str:
    """The unit at a fraction f of the depth: number ceil(f * D) of D.

    Args:
        units (list[str]): D names, at least one.
        fraction (Fraction): In (0, 1].

    Returns:
        str: One of the names.
    """
    return units[math.ceil(fraction * len(units)) - 1]


def _steps(name: str, module: nn.Module) -> List[Tuple[str, nn.Module]]:
    """A module taken apart as far as containers go, in order."""
    if not isinstance(module, CONTAINERS) and name not in ('', 'backbone'):
        return [(name, module)]
    if not any(module.children()):
        return [(name, module)]
    return _children(name, module)


def _children(name: str, module: nn.Module) -> List[Tuple[str, nn.Module]]:
    prefix = f'{name}.' if name else ''
    return [
        step for child_name, child in module.named_children()
        for step in _steps(prefix + child_name, child)
    ]


def _num_weighted(module: nn.Module) -> int:
    return sum(
        isinstance(getattr(part, 'weight', None), Tensor)
        and part.weight.dim() > 1 for part in module.modules())


def _plain_units(steps: List[Tuple[str, nn.Module]]) -> List[str]:
    units = []
    for name, module in steps:
        if _num_weighted(module):
            units.append(name)
        elif units and not isinstance(module, WITHOUT_EFFECT):
            units[-1] = name
    return units
