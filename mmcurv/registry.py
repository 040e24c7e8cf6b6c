# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Child registries of scope ``mmcurv``.

mmengine imports this module by its name when it meets ``type='mmcurv.X'``
from any other scope, and each registry then imports what has that name and
nothing besides; no ``custom_imports`` is needed. Keep the ``default_scope``
of your own project: siblings are not searched from here, so
``default_scope='mmcurv'`` would hide every class of mmpretrain.
"""
import sys
from importlib import import_module
from typing import Optional

import mmengine.registry
from mmengine.registry import Registry, build_functions

from mmcurv.files import did_you_mean


class RegistryOfRooms(Registry):
    """A registry whose locations may be packages of :func:`lazy_exports`.

    Besides, a misspelt type is answered with the name that was probably
    meant, where mmengine says only that there is no such name.
    """

    def get(self, key: str) -> Optional[type]:
        """The registered class of a name.

        Args:
            key (str): The name, with or without a scope, or the path of a
                class in its package.

        Returns:
            type | None: None if there is no such name.

        Raises:
            KeyError: If there is no such name, and it is to be built.
        """
        rooms = [import_module(location) for location in self._locations]
        name = key.removeprefix(f'{self.scope}.')
        for room in rooms:
            getattr(room, name, None)  # registers it
        found = super().get(key)
        if found is None and name.isidentifier() and _is_building():
            known = set(self.module_dict)
            known.update(*(getattr(room, '__all__', ()) for room in rooms))
            raise KeyError(f'{self.scope} has no {self.name} {name!r}: '
                           f'{did_you_mean(name, sorted(known))}')
        return found


def _is_building() -> bool:
    """Whether mmengine looks a type up in order to build it.

    It would raise a KeyError itself, so that ours, which says more, breaks no
    promise. Everybody else who calls ``get``, such as ``in``, is given None.
    """
    frame = sys._getframe(2)
    while frame and frame.f_code.co_name == 'get':  # from scope to scope
        frame = frame.f_back
    return frame is not None and \
        frame.f_globals.get('__name__') == build_functions.__name__


def _child(root: str, name: str, *locations: str) -> RegistryOfRooms:
    return RegistryOfRooms(
        name,
        parent=getattr(mmengine.registry, root),
        scope='mmcurv',
        locations=list(locations))


# Functions of whole batches; no other project has them, so it has no parent.
BATCH_TRANSFORMS = RegistryOfRooms(
    'batch transform', scope='mmcurv', locations=['mmcurv.models'])
DATA_SAMPLERS = _child('DATA_SAMPLERS', 'data sampler', 'mmcurv.datasets')
DATASETS = _child('DATASETS', 'dataset', 'mmcurv.datasets')
FUNCTIONS = _child('FUNCTIONS', 'function', 'mmcurv.datasets')
HOOKS = _child('HOOKS', 'hook', 'mmcurv.engine.hooks')
LOOPS = _child('LOOPS', 'loop', 'mmcurv.engine.stages.run')
METRICS = _child('METRICS', 'metric', 'mmcurv.evaluation')
MODELS = _child('MODELS', 'model', 'mmcurv.models')
TRANSFORMS = _child('TRANSFORMS', 'transform', 'mmcurv.datasets')
WEIGHT_INITIALIZERS = _child('WEIGHT_INITIALIZERS', 'weight initializer',
                             'mmcurv.models')
