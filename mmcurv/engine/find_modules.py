# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Sub-modules of a model by their names."""
from typing import List, Sequence

from torch import nn

from mmcurv.files import did_you_mean

SHOWN = 30  # names in a message where nothing is near


def find_modules(model: nn.Module, names: Sequence[str],
                 what: str) -> List[nn.Module]:
    """Sub-modules of a model by their names.

    Args:
        model (nn.Module): A model, not in its wrapper.
        names (Sequence[str]): Such as 'backbone' or 'head.fc'.
        what (str): What the user calls these names, for messages.

    Returns:
        list[nn.Module]: In the order of the names.

    Raises:
        ValueError: If the model has no sub-module of such a name.
    """
    modules = dict(model.named_modules())
    del modules['']
    for name in names:
        if name not in modules:
            near = sorted(modules, key=lambda one: one.count('.'))
            hint = did_you_mean(name, modules)
            if not hint.startswith('did'):
                hint = did_you_mean(name, near[:SHOWN])
            raise ValueError(f'{what}: {type(model).__name__} has no '
                             f'sub-module {name!r}: {hint}')
    return [modules[name] for name in names]
