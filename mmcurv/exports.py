# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Packages that import what they export when it is asked for."""
import sys
from importlib import import_module
from typing import Any, Callable, Dict, List, Sequence, Tuple


def lazy_exports(
    package: str,
    modules: Dict[str,
                  Sequence[str]]) -> Tuple[Callable[[str], Any], List[str]]:
    """``__getattr__`` and ``__all__`` of a package that imports on demand.

    Whoever uses one hook need not import every model.

    Args:
        package (str): Name of the package.
        modules (dict[str, Sequence[str]]): What each of its modules exports;
            '.rooms.module' is in the package above.

    Returns:
        tuple: The two, to be assigned in its ``__init__``.

    Examples:
        >>> __getattr__, __all__ = lazy_exports(
        ...     __name__, dict(small=['FashionMini', 'SVHN']))
    """
    places = {name: one for one, names in modules.items() for name in names}

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f'module {package!r} has no attribute '
                                 f'{name!r}')
        value = getattr(import_module(f'.{places[name]}', package), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, sorted(places)
